-- Until when the endpoint is left alone because of this attempt: as its reply asked, or as the run decided because everything
-- was refused. NULL for nearly all. The next run keeps to it, after a crash, too.
ALTER TABLE attempt ADD COLUMN holdUntil INTEGER CHECK (holdUntil > 0);
CREATE INDEX attemptHold ON attempt (holdUntil) WHERE holdUntil IS NOT NULL;
