"""Logs: one JSON object per line, from an allow-list of fields. Ids only, never names or answers."""

import json
import logging
from datetime import UTC, datetime

ALLOWED = ("request_id", "path", "status", "message_id", "task", "count")


class JsonLines(logging.Formatter):
    """Format a record as one line of JSON; line breaks inside it are escaped by the encoding."""

    def format(self, record):
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update({name: getattr(record, name) for name in ALLOWED if hasattr(record, name)})
        if record.exc_info and record.exc_info[0]:
            # Type and place only: an exception's text can carry what a person typed.
            line["error"] = record.exc_info[0].__name__
            line["where"] = _innermost(record.exc_info[2])
        return json.dumps(line, ensure_ascii=True, default=str)


def _innermost(traceback):
    while traceback and traceback.tb_next:
        traceback = traceback.tb_next
    if traceback is None:
        return ""
    code = traceback.tb_frame.f_code
    return f"{code.co_filename}:{traceback.tb_lineno} {code.co_name}"
