-- A store of schema version 3, made by .ci/upgrade-fixture.
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
INSERT INTO "attempt" VALUES(1,1,1,1,'http://127.0.0.1:1/v1','qwen3-vl-plus',1795671962958,1795671962977,'completed',1,NULL,200,NULL,NULL,'58c0e747-6a0d-98d7-4ec6-4f7d9241c9d5','qwen3-vl-plus','stop',40,23,63,8,NULL,NULL,2,'21x20','bmp',1334,'21x20','bmp',1334,'');
INSERT INTO "attempt" VALUES(2,2,1,2,'http://127.0.0.1:1/v1','qwen3-vl-plus',1795671962958,1795671962973,'completed',1,NULL,200,NULL,NULL,'1d800ad9-f4e9-9e1c-61aa-45473623da40','qwen3-vl-plus','stop',33,15,48,8,NULL,NULL,9,'21x20','bmp',1334,'21x20','bmp',1334,'');
INSERT INTO "attempt" VALUES(3,3,1,1,'http://127.0.0.1:1/v1','qwen3-vl-plus',1795671962958,1795671962979,'completed',1,NULL,200,NULL,NULL,'484aa6cc-d17c-9fe9-6eb9-55b9b56ed0c8','qwen3-vl-plus','stop',40,23,63,8,NULL,NULL,1,'22x20','bmp',1414,'22x20','bmp',1414,'');
INSERT INTO "attempt" VALUES(4,4,1,2,'http://127.0.0.1:1/v1','qwen3-vl-plus',1795671962958,1795671962982,'completed',1,NULL,200,NULL,NULL,'401133a5-a312-6643-2a69-f7be1858b12a','qwen3-vl-plus','stop',33,15,48,8,NULL,NULL,1,'22x20','bmp',1414,'22x20','bmp',1414,'');
INSERT INTO "attempt" VALUES(5,5,1,1,'http://127.0.0.1:1/v1','qwen3-vl-plus',1795671962958,1795671962961,'failed',0,NULL,NULL,'not_an_image','The file is not an image that can be sent: its content is text. Replace it or leave it out.',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "attempt" VALUES(6,6,1,2,'http://127.0.0.1:1/v1','qwen3-vl-plus',1795671962958,1795671962961,'failed',0,NULL,NULL,'not_an_image','The file is not an image that can be sent: its content is text. Replace it or leave it out.',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "attempt" VALUES(7,7,1,1,'http://127.0.0.1:1/v1','qwen3-vl-plus',1795671962958,1795671962986,'completed',1,NULL,200,NULL,NULL,'82ba318b-1c86-2338-1c6f-0524c518ae34','qwen3-vl-plus','stop',42,25,67,8,NULL,NULL,1,'22x20','bmp',1414,'22x20','bmp',1414,'');
INSERT INTO "attempt" VALUES(8,8,1,2,'http://127.0.0.1:1/v1','qwen3-vl-plus',1795671962958,1795671962982,'reused',0,4,NULL,NULL,NULL,NULL,'qwen3-vl-plus','stop',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "attempt" VALUES(9,9,1,1,'http://127.0.0.1:1/v1','qwen3-vl-plus',1795671962958,1795671962984,'completed',1,NULL,200,NULL,NULL,'0b9db2ec-fb8d-e65f-b248-232d099982a8','qwen3-vl-plus','stop',44,26,70,8,NULL,NULL,1,'23x20','bmp',1494,'23x20','bmp',1494,'');
INSERT INTO "attempt" VALUES(10,10,1,2,'http://127.0.0.1:1/v1','qwen3-vl-plus',1795671962958,1795671962991,'failed',1,NULL,200,'cut_short','The server stopped at its own time limit. Lower max_tokens, turn thinking off or use a smaller image.','8c22d1a5-d397-4dbd-8b65-dd0726e73e63','qwen3-vl-plus','stop',33,8,41,8,NULL,NULL,1,'23x20','bmp',1494,'23x20','bmp',1494,'');
INSERT INTO "attempt" VALUES(11,11,1,1,'http://127.0.0.1:1/v1','qwen3-vl-plus',1795671962958,1795671962996,'completed',1,NULL,200,NULL,NULL,'2d866606-585a-a639-cf52-3cfcef1bb61c','qwen3-vl-plus','stop',40,23,63,8,NULL,NULL,1,'30x20','bmp',1894,'30x20','bmp',1894,'');
INSERT INTO "attempt" VALUES(12,12,1,2,'http://127.0.0.1:1/v1','qwen3-vl-plus',1795671962958,1795671962988,'failed',1,NULL,200,'cut_short','The server stopped at its own time limit. Lower max_tokens, turn thinking off or use a smaller image.','55ba88e4-b692-8dfd-ed4e-47a08bd074de','qwen3-vl-plus','stop',37,10,47,8,NULL,NULL,1,'30x20','bmp',1894,'30x20','bmp',1894,'');
INSERT INTO "attempt" VALUES(13,13,1,1,'http://127.0.0.1:1/v1','qwen3-vl-plus',1795671962958,1795671962993,'failed',1,NULL,200,'cut_short','The server stopped at its own time limit. Lower max_tokens, turn thinking off or use a smaller image.','185b24d9-b657-71b0-c597-f1cb146a9aa5','qwen3-vl-plus','stop',40,12,52,8,NULL,NULL,1,'31x20','bmp',1974,'31x20','bmp',1974,'');
INSERT INTO "attempt" VALUES(14,14,1,2,'http://127.0.0.1:1/v1','qwen3-vl-plus',1795671962958,1795671963003,'completed',1,NULL,200,NULL,NULL,'c0ea3e7b-8643-09be-f7c9-3263624ac202','qwen3-vl-plus','stop',36,19,55,8,NULL,NULL,1,'31x20','bmp',1974,'31x20','bmp',1974,'');
INSERT INTO "attempt" VALUES(15,15,1,1,'http://127.0.0.1:1/v1','qwen3-vl-plus',1795671962958,1795671962998,'completed',1,NULL,200,NULL,NULL,'4b847c11-2cde-826a-dae0-3fe0f4f98397','qwen3-vl-plus','stop',48,28,76,16,NULL,NULL,1,'21x20 22x20','bmp bmp',2748,'21x20 22x20','bmp bmp',2748,'');
INSERT INTO "attempt" VALUES(16,16,1,2,'http://127.0.0.1:1/v1','qwen3-vl-plus',1795671962958,1795671963001,'completed',1,NULL,200,NULL,NULL,'aaf23a1a-08e1-3710-7d30-646c211d7b65','qwen3-vl-plus','stop',41,21,62,16,NULL,NULL,1,'21x20 22x20','bmp bmp',2748,'21x20 22x20','bmp bmp',2748,'');
INSERT INTO "attempt" VALUES(17,12,2,2,'http://127.0.0.1:1/v1','qwen3-vl-plus',1795671962989,1795671963005,'failed',1,NULL,200,'cut_short','The server stopped at its own time limit. Lower max_tokens, turn thinking off or use a smaller image.','447b3073-80b5-e31c-149a-1f76aa0ebb97','qwen3-vl-plus','stop',37,10,47,8,NULL,NULL,1,'30x20','bmp',1894,'30x20','bmp',1894,'');
INSERT INTO "attempt" VALUES(18,10,2,2,'http://127.0.0.1:1/v1','qwen3-vl-plus',1795671962991,1795671963007,'failed',1,NULL,200,'cut_short','The server stopped at its own time limit. Lower max_tokens, turn thinking off or use a smaller image.','3d9e0949-dfd8-8625-c204-2dd6d84f515e','qwen3-vl-plus','stop',33,8,41,8,NULL,NULL,1,'23x20','bmp',1494,'23x20','bmp',1494,'');
INSERT INTO "attempt" VALUES(19,13,2,1,'http://127.0.0.1:1/v1','qwen3-vl-plus',1795671962994,1795671963009,'failed',1,NULL,200,'cut_short','The server stopped at its own time limit. Lower max_tokens, turn thinking off or use a smaller image.','f6074f55-7a7d-8ea1-177c-a2c58205795f','qwen3-vl-plus','stop',40,12,52,8,NULL,NULL,1,'31x20','bmp',1974,'31x20','bmp',1974,'');
CREATE TABLE completion (
    attemptId INTEGER PRIMARY KEY REFERENCES attempt (id),
    -- SHA-256 over the request's texts and the image's bytes; NULL for an answer that may not be reused.
    fingerprint BLOB CHECK (length(fingerprint) = 32),
    caption TEXT NOT NULL,
    reasoning TEXT
) STRICT;
INSERT INTO "completion" VALUES(1,X'354BB2E00B2F8C1BC74C0834A60C6C175307A25A489F539123FA8CA023570D14','[simulated] This is a 21×20 BMP image. Asked: Describe 21.bmp in one sentence, in English.',NULL);
INSERT INTO "completion" VALUES(2,X'BD796D576B1FFFDA185E209AE7DAAF2611100243CABB9D7894F4D0C17CCACE71','[simulated] This is a 21×20 BMP image. Asked: A title for .',NULL);
INSERT INTO "completion" VALUES(3,X'9C0C352080712259F93ED81E9A36A047058DEEAF52095243539B154434D64ED5','[simulated] This is a 22×20 BMP image. Asked: Describe 22.bmp in one sentence, in English.',NULL);
INSERT INTO "completion" VALUES(4,X'F6631F99BE2DAD7B72DAFA8ACFB187787F86BE83FEBBCD2EFBB39B2F885FE24B','[simulated] This is a 22×20 BMP image. Asked: A title for .',NULL);
INSERT INTO "completion" VALUES(7,X'06468BB638CA04C1E8C8503490CF1AAD825167EC652FB2623AB3C37139AACBD3','[simulated] This is a 22×20 BMP image. Asked: Describe copy-of-22.bmp in one sentence, in English.',NULL);
INSERT INTO "completion" VALUES(9,X'CD52AC502F591C886EDB2812AC36AB5AD0EE2C6653AD01E2F547BE0FD3E34639','[simulated] This is a 23×20 BMP image. Asked: Describe übergröße 23.bmp in one sentence, in English.',NULL);
INSERT INTO "completion" VALUES(10,NULL,'[simulated] This is a 23×20 B',NULL);
INSERT INTO "completion" VALUES(11,X'F56891053158CE1047CD4575B44FA51A3D8325573DA199ACE3E48DB2CBF7D94E','[simulated] This is a 30×20 BMP image. Asked: Describe 30.bmp in one sentence, in English.',NULL);
INSERT INTO "completion" VALUES(12,NULL,'[simulated] This is a 30×20 BMP image.',NULL);
INSERT INTO "completion" VALUES(13,NULL,'[simulated] This is a 31×20 BMP image. Asked:',NULL);
INSERT INTO "completion" VALUES(14,X'AB030F9F3EE116595F897D58B951880EEEF0B235AAC9279E6F5DF8A55C9CDF2D','[simulated] This is a 31×20 BMP image. Asked: A title for Blue – lamp.',NULL);
INSERT INTO "completion" VALUES(15,X'8948B6607DA44608A23F6F65F34B23DFB99255C98F156E91260D1E608316F601','[simulated] This is a 21×20 BMP image and a 22×20 BMP image. Asked: Describe pair in one sentence, in English.',NULL);
INSERT INTO "completion" VALUES(16,X'2431358B1537230479319FC81CE978DF11E18240083A24E799FADAC335B7BDBB','[simulated] This is a 21×20 BMP image and a 22×20 BMP image. Asked: A title for .',NULL);
INSERT INTO "completion" VALUES(17,NULL,'[simulated] This is a 30×20 BMP image.',NULL);
INSERT INTO "completion" VALUES(18,NULL,'[simulated] This is a 23×20 B',NULL);
INSERT INTO "completion" VALUES(19,NULL,'[simulated] This is a 31×20 BMP image. Asked:',NULL);
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
INSERT INTO "item" VALUES(1,'file','photos/21.bmp','alt',0,1,1,NULL,'done',0,0,0,0,1,NULL,NULL,NULL);
INSERT INTO "item" VALUES(2,'file','photos/21.bmp','title',1,2,2,NULL,'done',0,0,0,0,2,NULL,NULL,NULL);
INSERT INTO "item" VALUES(3,'file','photos/22.bmp','alt',2,1,1,NULL,'done',0,0,0,0,3,NULL,NULL,NULL);
INSERT INTO "item" VALUES(4,'file','photos/22.bmp','title',3,2,2,NULL,'done',0,0,0,0,4,NULL,NULL,NULL);
INSERT INTO "item" VALUES(5,'file','photos/broken.jpg','alt',4,1,NULL,NULL,'failed',0,0,0,0,5,NULL,NULL,NULL);
INSERT INTO "item" VALUES(6,'file','photos/broken.jpg','title',5,2,NULL,NULL,'failed',0,0,0,0,6,NULL,NULL,NULL);
INSERT INTO "item" VALUES(7,'file','photos/copy-of-22.bmp','alt',6,1,1,NULL,'done',0,0,0,0,7,NULL,NULL,NULL);
INSERT INTO "item" VALUES(8,'file','photos/copy-of-22.bmp','title',7,2,2,NULL,'done',0,0,0,0,8,NULL,NULL,NULL);
INSERT INTO "item" VALUES(9,'file','photos/übergröße 23.bmp','alt',8,1,1,NULL,'done',0,0,0,0,9,NULL,NULL,NULL);
INSERT INTO "item" VALUES(10,'file','photos/übergröße 23.bmp','title',9,2,NULL,NULL,'failed',1795671962990,0,0,1,18,NULL,NULL,NULL);
INSERT INTO "item" VALUES(11,'file','wares/30.bmp','alt',10,1,1,NULL,'done',0,0,0,0,11,'{"price":"10","title":"Red, \"round\" chair"}',NULL,NULL);
INSERT INTO "item" VALUES(12,'file','wares/30.bmp','title',11,2,NULL,NULL,'failed',1795671962988,0,0,1,17,'{"price":"10","title":"Red, \"round\" chair"}',-8899281652050615151,NULL);
INSERT INTO "item" VALUES(13,'file','wares/31.bmp','alt',12,1,NULL,NULL,'failed',1795671962993,0,0,1,19,'{"price":"20","title":"Blue – lamp"}',NULL,NULL);
INSERT INTO "item" VALUES(14,'file','wares/31.bmp','title',13,2,2,NULL,'done',0,0,0,0,14,'{"price":"20","title":"Blue – lamp"}',2337210834399347440,2337210834399347440);
INSERT INTO "item" VALUES(15,'group','pair','alt',14,1,1,NULL,'done',0,0,0,0,15,NULL,NULL,NULL);
INSERT INTO "item" VALUES(16,'group','pair','title',15,2,2,NULL,'done',0,0,0,0,16,NULL,NULL,NULL);
CREATE TABLE job (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    name TEXT NOT NULL,
    createdAt INTEGER NOT NULL
) STRICT;
INSERT INTO "job" VALUES(1,'upgrade',1795671962937);
CREATE TABLE manifestColumn (
    place INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO "manifestColumn" VALUES(0,'title');
INSERT INTO "manifestColumn" VALUES(1,'price');
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
INSERT INTO "request" VALUES(1,'alt',X'677AEB07320A52961573088B9EF678D8194986130E3F002C98224232A4263FEE','qwen3-vl-plus','{"model":"qwen3-vl-plus","parameters":{"max_tokens":300,"seed":7,"temperature":0.2},"prepare":"max_pixels 1000000","prompt":"Describe {{filename}} in one sentence, in {{language}}.","provider":"custom","system":"You write for a shop in {{language}}.","variables":{"language":"English"}}');
INSERT INTO "request" VALUES(2,'title',X'92C2F7323C831C1305C46D4572942085F1391680E4BBF6167F1D6E21F763A6E0','qwen3-vl-plus','{"model":"qwen3-vl-plus","parameters":{"max_tokens":300,"seed":7,"temperature":0.2},"prepare":"max_pixels 1000000","prompt":"A title for {{title}}.","provider":"custom","system":"You write for a shop in {{language}}.","variables":{"language":"English"}}');
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
INSERT INTO "tally" VALUES(1,0,0,11,5,0,19,1,617,278);
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
