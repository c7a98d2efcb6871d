"""The kinds of files that notices name, by the endings of their names. Data only: the configuration asks it, and loads no parser for that."""

TYPES = {
    "pdf": "application/pdf",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "wps": "application/vnd.ms-works",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "et": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "ofd": "application/ofd",
    "zip": "application/zip",
    "rar": "application/vnd.rar",
    "7z": "application/x-7z-compressed",
    "txt": "text/plain",
    "csv": "text/csv",
    "rtf": "application/rtf",
    "ceb": "application/x-ceb",
}
MEDIA = {  # shown in the text as a rule, and sometimes offered as files
    "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "bmp": "image/bmp", "tif": "image/tiff",
    "tiff": "image/tiff", "webp": "image/webp", "mp4": "video/mp4", "flv": "video/x-flv", "avi": "video/x-msvideo",
    "wmv": "video/x-ms-wmv", "mov": "video/quicktime", "mpg": "video/mpeg", "m3u8": "application/vnd.apple.mpegurl",
    "webm": "video/webm", "mp3": "audio/mpeg", "wav": "audio/wav", "wma": "audio/x-ms-wma",
}  # fmt: skip
KINDS = TYPES | MEDIA
