-- What an attempt sent of its images, beside what their files were: sizes upright ('4032x3024') and formats, of several
-- images with a space between, and bytes together. NULL when no image was sent from here.
ALTER TABLE attempt ADD COLUMN imageSize TEXT;
ALTER TABLE attempt ADD COLUMN imageFormat TEXT;
ALTER TABLE attempt ADD COLUMN imageBytes INTEGER CHECK (imageBytes >= 0);
ALTER TABLE attempt ADD COLUMN sentSize TEXT;
ALTER TABLE attempt ADD COLUMN sentFormat TEXT;
ALTER TABLE attempt ADD COLUMN sentBytes INTEGER CHECK (sentBytes >= 0);
-- What was done ('turned scaled'); '' when the files went out as they are.
ALTER TABLE attempt ADD COLUMN prepared TEXT;

-- What a manifest says of the image, by column, as a JSON object of texts; NULL for an image that none names.
ALTER TABLE item ADD COLUMN variables TEXT CHECK (variables IS NULL OR json_valid(variables));
-- A digest of those of them that the prompt asks with, now and as the present answer was asked: where they differ, the answer
-- is stale.
ALTER TABLE item ADD COLUMN asks INTEGER;
ALTER TABLE item ADD COLUMN answeredAsks INTEGER;

-- The columns of the manifests in their order, as the last plan found them.
CREATE TABLE manifestColumn (
    place INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- The view with what exports show of it.
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
    item.variables AS variables
FROM item
LEFT JOIN attempt ON attempt.id = item.attemptId
LEFT JOIN completion ON completion.attemptId = coalesce(attempt.reusedAttemptId, attempt.id);
