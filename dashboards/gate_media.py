"""Files that pages make for a reader, and places for a reader's own: only whoever was told of them has them."""

from __future__ import annotations

import re
from collections import OrderedDict

from starlette.types import Message, Send

ADDRESS = re.compile(rb"/(media/[0-9A-Za-z_-]+|_stcore/upload_file/[0-9A-Za-z-]+/[0-9A-Za-z-]+)")
PLACES = ("/media/", "/_stcore/upload_file/")
KEPT = 5_000


class MediaWatch:
    """Which addresses of files each reader was told of, as their pages went by."""

    def __init__(self) -> None:
        self._given: OrderedDict[tuple[str, str], None] = OrderedDict()

    def noting(self, name: str, send: Send) -> Send:
        """`send` of a reader's websocket that writes down the files it tells of."""

        async def _sending(message: Message) -> None:
            body = message.get("bytes") or b""
            if b"/media/" in body or b"/upload_file/" in body:
                for found in ADDRESS.findall(body):
                    self._given[(name, found.decode())] = None
                    self._given.move_to_end((name, found.decode()))
                while len(self._given) > KEPT:
                    self._given.popitem(last=False)
            await send(message)

        return _sending

    def gave(self, name: str, path: str) -> bool:
        """Whether that reader was told of the address of that path."""
        whole = path.rpartition(".")[0] or path
        found = ADDRESS.fullmatch(whole.encode("utf-8", "replace"))
        return found is not None and (name, found.group(1).decode()) in self._given
