"""Files that a page makes for its reader (downloads, pictures): only whom they were sent to may fetch them."""

from __future__ import annotations

import re
from collections import OrderedDict

from starlette.types import Message, Send

ADDRESS = re.compile(rb"/media/([0-9A-Za-z_-]+)")
KEPT = 5_000


class MediaWatch:
    """Which files each reader was told of, as their pages went by."""

    def __init__(self) -> None:
        self._given: OrderedDict[tuple[str, str], None] = OrderedDict()

    def noting(self, name: str, send: Send) -> Send:
        """`send` of a reader's websocket that writes down the files it tells of."""

        async def _sending(message: Message) -> None:
            body = message.get("bytes") or b""
            if b"/media/" in body:
                for found in ADDRESS.findall(body):
                    self._given[(name, found.decode())] = None
                    self._given.move_to_end((name, found.decode()))
                while len(self._given) > KEPT:
                    self._given.popitem(last=False)
            await send(message)

        return _sending

    def gave(self, name: str, path: str) -> bool:
        """Whether that reader was told of the file of that path."""
        found = ADDRESS.match(path.encode("utf-8", "replace"))
        return found is not None and (name, found.group(1).decode()) in self._given
