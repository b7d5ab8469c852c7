"""How old data may be. A daily job that is missed once is late; half a day more, it has failed."""

from datetime import timedelta

LATE_AFTER = timedelta(hours=26)
FAILED_AFTER = timedelta(hours=36)
