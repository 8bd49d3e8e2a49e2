"""Why the operating system refused a file, in both languages."""

from __future__ import annotations

import errno

_WORDS = {
    errno.ENOENT: ("没有这个文件或文件夹", "no such file or folder"),
    errno.EISDIR: ("这是文件夹，不是文件", "it is a folder, not a file"),
    errno.ENOTDIR: ("路径中间有一段不是文件夹", "a part of the path is no folder"),
    errno.EACCES: ("没有权限", "no permission"),
    errno.EPERM: ("没有权限", "no permission"),
    errno.EROFS: ("磁盘只读", "the disk is read-only"),
    errno.ENOSPC: ("磁盘已满", "the disk is full"),
    errno.EDQUOT: ("磁盘配额已满", "the disk quota is used up"),
    errno.EFBIG: ("文件过大", "the file is too large"),
    errno.EIO: ("磁盘读写出错", "the disk failed"),
    errno.ENAMETOOLONG: ("文件名过长", "the name is too long"),
    errno.EBUSY: ("文件正被占用", "the file is in use"),
    errno.EMFILE: ("打开的文件过多", "too many files are open"),
}


def disk_words(error: OSError) -> dict[str, str]:
    """`reason` and `reason_en` of a refusal's sentence; the error's number where it is a rare one."""
    number = error.errno
    zh, en = _WORDS.get(number or 0, (f"系统错误 {number or '—'}", f"system error {number or '—'}"))
    return {"reason": zh, "reason_en": en}
