"""The `paracle` command: data on stdout, words on stderr, nothing imported before it is needed."""
