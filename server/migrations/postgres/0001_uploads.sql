-- The collation "C" compares texts byte by byte, so a prefix is a range. Times are milliseconds since 1970-01-01 UTC.
CREATE TABLE uploads (
    id          TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    bucket      TEXT   NOT NULL,
    object      TEXT COLLATE "C" NOT NULL,
    etag        TEXT   NOT NULL,
    size        BIGINT NOT NULL,
    mime_type   TEXT,
    crc64       TEXT,
    width       BIGINT,
    height      BIGINT,
    identity    TEXT,
    vars        TEXT   NOT NULL,
    source      TEXT   NOT NULL,
    verified    BIGINT NOT NULL,
    request_id  TEXT,
    uploaded_ms BIGINT NOT NULL
);
CREATE INDEX uploads_by_object ON uploads (bucket, object);
CREATE INDEX uploads_by_time ON uploads (bucket, uploaded_ms, id);
-- Who reconciles until when: several app servers take turns.
CREATE TABLE leases (
    name     TEXT   PRIMARY KEY NOT NULL,
    until_ms BIGINT NOT NULL
);
