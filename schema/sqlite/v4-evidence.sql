-- What tells this store from every other: 32 hexadecimal digits, drawn when it is made. Answers that could not be recorded
-- carry it, so that they come back to the store that they belong to.
ALTER TABLE job ADD COLUMN storeId TEXT CHECK (length(storeId) = 32);
UPDATE job SET storeId = lower(hex(randomblob(16)));

-- Digests, written with what they are of, so that a bit that flips on the disk is noticed. Each is the first 64 bits of a
-- SHA-256 over the row's values that exports show; schema/README.md tells which. NULL where a row has none yet.
ALTER TABLE job ADD COLUMN columnDigest INTEGER;
ALTER TABLE item ADD COLUMN digest INTEGER;
ALTER TABLE attempt ADD COLUMN digest INTEGER;
ALTER TABLE completion ADD COLUMN digest INTEGER;

-- By which rule `digest` was made of `definition`; a program with a newer rule makes it again.
ALTER TABLE request ADD COLUMN rule INTEGER NOT NULL DEFAULT 0 CHECK (rule >= 0);

-- The provider's preset, such as 'dashscope'.
ALTER TABLE attempt ADD COLUMN provider TEXT;
UPDATE attempt SET provider = (
    SELECT coalesce(json_extract(definition, '$.provider'), (
        SELECT min(json_extract(value, '$.provider')) FROM json_each(definition, '$.models')
        WHERE json_extract(value, '$.model') = attempt.model
        HAVING count(DISTINCT json_extract(value, '$.provider')) = 1))
    FROM request WHERE request.id = attempt.requestId);

-- When the request went out, to `endpoint`; NULL when none did. Of an attempt that a crash cut short, this tells what may have
-- been spent. Older versions kept no mark: what they left open may have been sent.
ALTER TABLE attempt ADD COLUMN sentAt INTEGER;
UPDATE attempt SET sentAt = max(startedAt, coalesce(finishedAt, startedAt) - coalesce(latencyMs, 0))
WHERE wasSent = 1 OR (wasSent IS NULL AND outcome IS NOT 'reused');

-- Numbers that no request comes to are no report of tokens.
UPDATE attempt SET promptTokens = NULL WHERE promptTokens > 1000000000;
UPDATE attempt SET completionTokens = NULL WHERE completionTokens > 1000000000;
UPDATE attempt SET totalTokens = NULL WHERE totalTokens > 1000000000;
UPDATE attempt SET imageTokens = NULL WHERE imageTokens > 1000000000;
UPDATE attempt SET cachedTokens = NULL WHERE cachedTokens > 1000000000;
UPDATE attempt SET reasoningTokens = NULL WHERE reasoningTokens > 1000000000;
REPLACE INTO tally SELECT 1, * FROM counted;

-- The view with the provider.
DROP VIEW caption;
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
    attempt.provider AS provider,
    item.variables AS variables
FROM item
LEFT JOIN attempt ON attempt.id = item.attemptId
LEFT JOIN completion ON completion.attemptId = coalesce(attempt.reusedAttemptId, attempt.id);
