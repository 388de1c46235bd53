"""What every model is to the engine: something that answers a conversation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from ..domain.conversation import Conversation, Part


class Model(Protocol):
    """Answers the conversation of one execution.

    An instance belongs to one execution and is asked one question at a time. All it needs to go on
    is in the conversation, so that an instance made anew continues an execution that another process
    began.
    """

    @property
    def name(self) -> str:
        """As a spec writes it: ``offline``, ``script:FILE``, ``provider:name``."""

    @property
    def asks_a_model(self) -> bool:
        """Whether an answer is a model call worth a step of its own; not so for a playbook."""

    @property
    def host(self) -> str:
        """Whose fault it is when there is no answer: what a circuit breaker is kept for."""

    def respond(self, conversation: Conversation) -> AsyncIterator[Part]:
        """The next answer, part by part as it comes. Without a tool call in it, the run is over.

        Raises:
            ModelError: there is no answer. ``may_pass`` says whether to ask again with the same
                conversation, ``retry_after`` when.
        """
