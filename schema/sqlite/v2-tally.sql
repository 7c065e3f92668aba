-- Counts, so that nobody looks through a million rows to tell how far a job is.

-- SQLite fills a table in memory for every IN of three values or more, each time that a row is written: the same rules spelt
-- with OR take a fifth of the time. (The way that sqlite.org/lang_altertable.html, section 7, gives for CHECKs.)
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(replace(sql,
    'kind IN (''file'', ''url'', ''group'')', 'kind = ''file'' OR kind = ''url'' OR kind = ''group'''),
    'state IN (''pending'', ''claimed'', ''done'', ''failed'')',
    'state = ''pending'' OR state = ''claimed'' OR state = ''done'' OR state = ''failed''')
WHERE type = 'table' AND name = 'item';
UPDATE sqlite_schema SET sql = replace(sql,
    'outcome IN (''completed'', ''reused'', ''failed'', ''interrupted'')',
    'outcome = ''completed'' OR outcome = ''reused'' OR outcome = ''failed'' OR outcome = ''interrupted''')
WHERE type = 'table' AND name = 'attempt';
PRAGMA writable_schema = RESET;

-- Whoever changes a row of item or attempt changes these counts in the same transaction; 'caption status --verify' counts
-- again. Triggers would do it by themselves, and double the cost of every answer.
CREATE TABLE tally (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- Items that the spec names, by state.
    pending INTEGER NOT NULL CHECK (pending >= 0),
    claimed INTEGER NOT NULL CHECK (claimed >= 0),
    done INTEGER NOT NULL CHECK (done >= 0),
    failed INTEGER NOT NULL CHECK (failed >= 0),
    -- Items that it no longer names.
    setAside INTEGER NOT NULL CHECK (setAside >= 0),
    -- All attempts, and sums over them.
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    reused INTEGER NOT NULL CHECK (reused >= 0),
    promptTokens INTEGER NOT NULL CHECK (promptTokens >= 0),
    completionTokens INTEGER NOT NULL CHECK (completionTokens >= 0)
) STRICT;

-- What the tally must come to.
CREATE VIEW counted AS
SELECT items.*, attempts.*
FROM (
    SELECT count(*) FILTER (WHERE state = 'pending' AND position IS NOT NULL) AS pending,
        count(*) FILTER (WHERE state = 'claimed' AND position IS NOT NULL) AS claimed,
        count(*) FILTER (WHERE state = 'done' AND position IS NOT NULL) AS done,
        count(*) FILTER (WHERE state = 'failed' AND position IS NOT NULL) AS failed,
        count(*) FILTER (WHERE position IS NULL) AS setAside
    FROM item
) AS items, (
    SELECT count(*) AS attempts, coalesce(sum(outcome = 'reused'), 0) AS reused,
        coalesce(sum(promptTokens), 0) AS promptTokens, coalesce(sum(completionTokens), 0) AS completionTokens
    FROM attempt
) AS attempts;

INSERT INTO tally SELECT 1, * FROM counted;

-- It served these counts, at the price of a write for every change of an item.
DROP INDEX itemCount;

-- What the last plan was made of; no row when looking at the folders would not tell whether it still holds.
CREATE TABLE plan (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- SHA-256 over everything in the spec that decides what is planned.
    digest BLOB NOT NULL CHECK (length(digest) = 32)
) STRICT;

-- The folders that it walked, as they were then. A folder's ctime changes with every name in it.
CREATE TABLE planFolder (
    path BLOB PRIMARY KEY,
    device INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    -- Nanoseconds since 1970.
    changedAt INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
