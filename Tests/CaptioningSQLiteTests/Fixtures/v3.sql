-- A store of schema version 3, made by .ci/store-fixture.
PRAGMA foreign_keys = OFF;
PRAGMA application_id = 1128353876;
PRAGMA user_version = 3;
BEGIN TRANSACTION;
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
    outcome TEXT CHECK (outcome = 'completed' OR outcome = 'reused' OR outcome = 'failed' OR outcome = 'interrupted'),
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
    latencyMs INTEGER CHECK (latencyMs >= 0), imageSize TEXT, imageFormat TEXT, imageBytes INTEGER CHECK (imageBytes >= 0), sentSize TEXT, sentFormat TEXT, sentBytes INTEGER CHECK (sentBytes >= 0), prepared TEXT,
    UNIQUE (itemId, number),
    CHECK ((finishedAt IS NULL) = (outcome IS NULL))
) STRICT;
INSERT INTO "attempt" VALUES(1,1,1,1,'http://127.0.0.1:1/v1','qwen3-vl-plus',1795671906373,1795671906385,'completed',1,NULL,200,NULL,NULL,'a93875fe-509a-c2fa-e0e0-939d3ec71c4d','qwen3-vl-plus','stop',18,16,34,6,NULL,NULL,9,'16x16','bmp',822,'16x16','bmp',822,'');
INSERT INTO "attempt" VALUES(2,2,1,1,'http://127.0.0.1:1/v1','qwen3-vl-plus',1795671906373,1795671906375,'failed',0,NULL,NULL,'not_an_image','The file is not an image that can be sent: its content is text. Replace it or leave it out.',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "attempt" VALUES(3,2,2,1,'http://127.0.0.1:1/v1','qwen3-vl-plus',1795671906541,1795671906542,'failed',0,NULL,NULL,'not_an_image','The file is not an image that can be sent: its content is text. Replace it or leave it out.',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "attempt" VALUES(4,3,1,1,'http://127.0.0.1:1/v1','qwen3-vl-plus',1795671906541,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "attempt" VALUES(5,4,1,1,'http://127.0.0.1:1/v1','qwen3-vl-plus',1795671906541,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "attempt" VALUES(6,5,1,1,'http://127.0.0.1:1/v1','qwen3-vl-plus',1795671906541,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE completion (
    attemptId INTEGER PRIMARY KEY REFERENCES attempt (id),
    -- SHA-256 over the request's texts and the image's bytes; NULL for an answer that may not be reused.
    fingerprint BLOB CHECK (length(fingerprint) = 32),
    caption TEXT NOT NULL,
    reasoning TEXT
) STRICT;
INSERT INTO "completion" VALUES(1,X'33F37CB11FC0E083616A2FA8FBBE0D3D3B9A5DA093B8EEA4CB5E50DEA873BD03','[simulated] This is a 16×16 BMP image. Asked: Describe this.',NULL);
CREATE TABLE item (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind = 'file' OR kind = 'url' OR kind = 'group'),
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
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state = 'pending' OR state = 'claimed' OR state = 'done' OR state = 'failed'),
    -- A pending item is not due before; 0 means at once.
    notBefore INTEGER NOT NULL DEFAULT 0 CHECK (notBefore >= 0),
    -- Attempts that count against the three budgets since the item was last made pending: failed, rate limited, and
    -- answered doubtfully (moderated away or cut by the server).
    failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    throttles INTEGER NOT NULL DEFAULT 0 CHECK (throttles >= 0),
    doubts INTEGER NOT NULL DEFAULT 0 CHECK (doubts >= 0),
    -- The attempt that settled the item; NULL while it is pending or claimed.
    attemptId INTEGER REFERENCES attempt (id), variables TEXT CHECK (variables IS NULL OR json_valid(variables)), asks INTEGER, answeredAsks INTEGER,
    UNIQUE (kind, image, prompt),
    CHECK ((state IN ('done', 'failed')) = (attemptId IS NOT NULL))
) STRICT;
INSERT INTO "item" VALUES(1,'file','photos/a-done.bmp','alt',0,1,1,NULL,'done',0,0,0,0,1,NULL,NULL,NULL);
INSERT INTO "item" VALUES(2,'file','photos/b-failed.bmp','alt',1,1,NULL,NULL,'failed',0,0,0,0,3,NULL,NULL,NULL);
INSERT INTO "item" VALUES(3,'file','photos/c-claimed.bmp','alt',2,1,NULL,NULL,'claimed',0,0,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "item" VALUES(4,'file','photos/d-claimed.bmp','alt',3,1,NULL,NULL,'claimed',0,0,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "item" VALUES(5,'file','photos/e-claimed.bmp','alt',4,1,NULL,NULL,'claimed',0,0,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "item" VALUES(6,'file','photos/f-set-aside.bmp','alt',NULL,1,NULL,NULL,'pending',0,0,0,0,NULL,NULL,NULL,NULL);
CREATE TABLE job (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    name TEXT NOT NULL,
    createdAt INTEGER NOT NULL
) STRICT;
INSERT INTO "job" VALUES(1,'earlier',1795671906354);
CREATE TABLE manifestColumn (
    place INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE plan (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- SHA-256 over everything in the spec that decides what is planned.
    digest BLOB NOT NULL CHECK (length(digest) = 32)
) STRICT;
CREATE TABLE planFolder (
    path BLOB PRIMARY KEY,
    device INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    -- Nanoseconds since 1970.
    changedAt INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE request (
    id INTEGER PRIMARY KEY,
    prompt TEXT NOT NULL,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    model TEXT NOT NULL,
    definition TEXT NOT NULL CHECK (json_valid(definition)),
    UNIQUE (prompt, digest)
) STRICT;
INSERT INTO "request" VALUES(1,'alt',X'A504F7D09FCF7C157D1300A8B26384C765BFA7DDBC6509A36B276732C4226178','qwen3-vl-plus','{"model":"qwen3-vl-plus","parameters":{},"prompt":"Describe this.","provider":"custom"}');
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
INSERT INTO "tally" VALUES(1,0,3,1,1,1,6,0,18,16);
CREATE INDEX itemPending ON item (
    notBefore, position, id, kind, image, prompt, requestId, failures, throttles, doubts, state
) WHERE state = 'pending' AND position IS NOT NULL;
CREATE INDEX itemOrder ON item (position) WHERE position IS NOT NULL;
CREATE INDEX itemFailed ON item (state) WHERE state = 'failed';
CREATE INDEX attemptInFlight ON attempt (id) WHERE finishedAt IS NULL;
CREATE INDEX completionFingerprint ON completion (fingerprint) WHERE fingerprint IS NOT NULL;
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
    item.position AS position,
    attempt.imageSize AS imageSize,
    attempt.imageFormat AS imageFormat,
    attempt.imageBytes AS imageBytes,
    attempt.sentSize AS sentSize,
    attempt.sentFormat AS sentFormat,
    attempt.sentBytes AS sentBytes,
    attempt.prepared AS prepared,
    item.variables AS variables
FROM item
LEFT JOIN attempt ON attempt.id = item.attemptId
LEFT JOIN completion ON completion.attemptId = coalesce(attempt.reusedAttemptId, attempt.id);
COMMIT;
