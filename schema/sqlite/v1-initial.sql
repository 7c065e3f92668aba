-- The store of one captioning job. Times are Unix milliseconds (UTC). Absent is NULL, never 0 or ''.

CREATE TABLE job (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    name TEXT NOT NULL,
    createdAt INTEGER NOT NULL
) STRICT;

-- What was asked, apart from the image: one row for every version of every prompt. Never changed.
CREATE TABLE request (
    id INTEGER PRIMARY KEY,
    prompt TEXT NOT NULL,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    model TEXT NOT NULL,
    definition TEXT NOT NULL CHECK (json_valid(definition)),
    UNIQUE (prompt, digest)
) STRICT;

-- One image, or one group of images, with one prompt.
CREATE TABLE item (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('file', 'url', 'group')),
    -- TEXT when the name is valid UTF-8, BLOB with the exact bytes when it is not.
    image ANY NOT NULL CHECK (typeof(image) IN ('text', 'blob')),
    prompt TEXT NOT NULL,
    -- The place in the plan, from 0; NULL when the spec no longer names the item.
    position INTEGER CHECK (position >= 0),
    -- What the spec asks now.
    requestId INTEGER NOT NULL REFERENCES request (id),
    -- What the present answer was the answer to; NULL without an answer.
    answeredRequestId INTEGER REFERENCES request (id),
    -- The request for which an older answer was kept ('--keep stale').
    keptRequestId INTEGER REFERENCES request (id),
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'claimed', 'done', 'failed')),
    -- A pending item is not due before; 0 means at once.
    notBefore INTEGER NOT NULL DEFAULT 0 CHECK (notBefore >= 0),
    -- Attempts that count against the three budgets since the item was last made pending: failed, rate limited, and
    -- answered doubtfully (moderated away or cut by the server).
    failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    throttles INTEGER NOT NULL DEFAULT 0 CHECK (throttles >= 0),
    doubts INTEGER NOT NULL DEFAULT 0 CHECK (doubts >= 0),
    -- The attempt that settled the item; NULL while it is pending or claimed.
    attemptId INTEGER REFERENCES attempt (id),
    UNIQUE (kind, image, prompt),
    CHECK ((state IN ('done', 'failed')) = (attemptId IS NOT NULL))
) STRICT;

-- Claims read only this index: due retries first (notBefore > 0), then new items in plan order. `state` is a column of
-- it, although always 'pending', because older SQLite would read the table for it.
CREATE INDEX itemPending ON item (
    notBefore, position, id, kind, image, prompt, requestId, failures, throttles, doubts, state
) WHERE state = 'pending' AND position IS NOT NULL;
CREATE INDEX itemCount ON item (prompt, state, requestId, answeredRequestId, keptRequestId, position);
CREATE INDEX itemOrder ON item (position) WHERE position IS NOT NULL;
CREATE INDEX itemFailed ON item (state) WHERE state = 'failed';

-- One request for one item. Written at the claim, before money is spent; completed once; never changed again.
CREATE TABLE attempt (
    id INTEGER PRIMARY KEY,
    itemId INTEGER NOT NULL REFERENCES item (id),
    number INTEGER NOT NULL CHECK (number >= 1),
    requestId INTEGER NOT NULL REFERENCES request (id),
    endpoint TEXT NOT NULL,
    model TEXT NOT NULL,
    startedAt INTEGER NOT NULL,
    -- NULL while the attempt is in flight.
    finishedAt INTEGER,
    outcome TEXT CHECK (outcome IN ('completed', 'reused', 'failed', 'interrupted')),
    -- 1: a request went out; 0: decided without one; NULL: not known, the process died.
    wasSent INTEGER CHECK (wasSent IN (0, 1)),
    reusedAttemptId INTEGER REFERENCES attempt (id),
    httpStatus INTEGER,
    errorCode TEXT,
    errorMessage TEXT,
    providerRequestId TEXT,
    answeredModel TEXT,
    finishReason TEXT,
    promptTokens INTEGER CHECK (promptTokens >= 0),
    completionTokens INTEGER CHECK (completionTokens >= 0),
    totalTokens INTEGER CHECK (totalTokens >= 0),
    imageTokens INTEGER CHECK (imageTokens >= 0),
    cachedTokens INTEGER CHECK (cachedTokens >= 0),
    reasoningTokens INTEGER CHECK (reasoningTokens >= 0),
    latencyMs INTEGER CHECK (latencyMs >= 0),
    UNIQUE (itemId, number),
    CHECK ((finishedAt IS NULL) = (outcome IS NULL))
) STRICT;

CREATE INDEX attemptInFlight ON attempt (id) WHERE finishedAt IS NULL;

-- The text of an answer, whole or cut short, apart from the rows that are searched.
CREATE TABLE completion (
    attemptId INTEGER PRIMARY KEY REFERENCES attempt (id),
    -- SHA-256 over the request's texts and the image's bytes; NULL for an answer that may not be reused.
    fingerprint BLOB CHECK (length(fingerprint) = 32),
    caption TEXT NOT NULL,
    reasoning TEXT
) STRICT;

CREATE INDEX completionFingerprint ON completion (fingerprint) WHERE fingerprint IS NOT NULL;

-- One row per item, as exports show it.
CREATE VIEW caption AS
SELECT
    item.id AS itemId,
    item.image AS image,
    item.prompt AS prompt,
    CASE item.state WHEN 'claimed' THEN 'pending' ELSE item.state END AS status,
    completion.caption AS caption,
    attempt.finishReason AS finishReason,
    coalesce(attempt.answeredModel, attempt.model) AS model,
    attempt.promptTokens AS promptTokens,
    attempt.completionTokens AS completionTokens,
    attempt.totalTokens AS totalTokens,
    attempt.imageTokens AS imageTokens,
    attempt.cachedTokens AS cachedTokens,
    attempt.reasoningTokens AS reasoningTokens,
    (SELECT count(*) FROM attempt AS every WHERE every.itemId = item.id) AS attempts,
    attempt.errorCode AS errorCode,
    attempt.errorMessage AS errorMessage,
    strftime('%Y-%m-%dT%H:%M:%S', attempt.finishedAt / 1000, 'unixepoch')
        || printf('.%03dZ', attempt.finishedAt % 1000) AS completedAt,
    attempt.finishedAt AS finishedAt,
    item.position AS position
FROM item
LEFT JOIN attempt ON attempt.id = item.attemptId
LEFT JOIN completion ON completion.attemptId = coalesce(attempt.reusedAttemptId, attempt.id);

-- Items that failed for good, and why.
CREATE VIEW failure AS
SELECT
    item.image AS image,
    item.prompt AS prompt,
    attempt.errorCode AS errorCode,
    attempt.errorMessage AS errorMessage,
    attempt.httpStatus AS httpStatus,
    attempt.number AS attempts,
    attempt.providerRequestId AS providerRequestId,
    strftime('%Y-%m-%dT%H:%M:%S', attempt.finishedAt / 1000, 'unixepoch')
        || printf('.%03dZ', attempt.finishedAt % 1000) AS failedAt,
    item.id AS itemId
FROM item
JOIN attempt ON attempt.id = item.attemptId
WHERE item.state = 'failed' AND item.position IS NOT NULL;
