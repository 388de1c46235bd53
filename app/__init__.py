"""Everything that is neither a widget nor a screen: the engine, its parts, and the faces on them."""
