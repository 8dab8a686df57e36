BEGIN TRANSACTION;
CREATE TABLE changes (
    number INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER, path BLOB, state TEXT,
    changed_ns INTEGER, genres TEXT, undo BLOB
);
INSERT INTO "changes" VALUES(1,1,X'2F6561726C6965722F736F6E672E776176','written',1600000000123456789,'[]',X'CC0F000000000000F21300000000000020F70A7924490FE760D6311AC0A4AEA1FEE2551538D4990D5265140FA0A8505178DA636080021628CD08136082D247F819D8A0CC63FC101A0017D201B6');
CREATE TABLE folders (path BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE heard (
    path BLOB, version TEXT, size INTEGER, changed_ns INTEGER, identity TEXT, probe BLOB,
    answer TEXT, genres TEXT, PRIMARY KEY (path, version)
) WITHOUT ROWID;
INSERT INTO "heard" VALUES(X'2F6561726C6965722F736F6E672E776176','0.1.0-model 6x10.0',5106,1600000000123456789,'65024:7110661:1795738323752290900',X'84C9388D3D2674D6E1A26C346198F175','{"verdict": "confident", "genre": "jazz", "confidence": 0.9, "confidences": {"jazz": 0.9, "blues": 0.1}, "duration_s": 0.5, "analysed_s": 0.5, "title": null, "artist": "Nina"}','["Jazz", "Blue"]');
CREATE TABLE runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT, started TEXT, about TEXT, finished INTEGER
);
INSERT INTO "runs" VALUES(1,'2026-11-27T00:12:03+00:00','{"paths": ["/earlier"], "mode": "add", "threshold": 0.3, "at_most": 2, "names": {"jazz": ["Jazz", "Blue"]}, "exclude": ["*.tmp"]}',1);
INSERT INTO "runs" VALUES(2,'2026-11-27T00:12:03+00:00','{"paths": ["/earlier"], "mode": "add", "threshold": 0.3, "at_most": 2, "names": {"jazz": ["Jazz", "Blue"]}, "exclude": ["*.tmp"]}',0);
CREATE INDEX heard_alike ON heard (size, changed_ns);
CREATE INDEX changes_of_run ON changes (run, state);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('runs',2);
INSERT INTO "sqlite_sequence" VALUES('changes',1);
COMMIT;
PRAGMA user_version = 2;
