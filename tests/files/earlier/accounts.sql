BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0004');
CREATE TABLE feedback (
	id INTEGER NOT NULL, 
	person_id INTEGER, 
	clip_key BLOB NOT NULL, 
	genre TEXT NOT NULL, 
	model_genre TEXT, 
	verdict TEXT NOT NULL, 
	model_version TEXT NOT NULL, 
	artist TEXT NOT NULL, 
	numbers BLOB NOT NULL, 
	said_at DATETIME NOT NULL, 
	CONSTRAINT pk_feedback PRIMARY KEY (id), 
	CONSTRAINT fk_feedback_person_id_people FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE, 
	CONSTRAINT uq_feedback_person_id UNIQUE (person_id, clip_key)
);
INSERT INTO "feedback" VALUES(1,1,X'9F961E2F362CD8776EE2DC57B81204D104E31A287D8A090E7552A9996DCCE2FE','jazz','blues','confident','v1','Nina',X'000000000000F03F00000000000004C095D626E80B2E113E0000000000000840','2026-03-01 12:00:00.000000');
INSERT INTO "feedback" VALUES(2,NULL,X'6C3C396ED6B5C36DCAE172271F462051B1266B851E92DF3DEEA8AC65478FD712','rock',NULL,'not music','v1','',X'000000000000F03F','2026-03-01 12:00:00.000000');
CREATE TABLE opinions (
	id INTEGER NOT NULL, 
	person_id INTEGER NOT NULL, 
	item_key TEXT NOT NULL, 
	artist TEXT NOT NULL, 
	genre TEXT NOT NULL, 
	liked BOOLEAN NOT NULL, 
	said_at DATETIME NOT NULL, 
	CONSTRAINT pk_opinions PRIMARY KEY (id), 
	CONSTRAINT fk_opinions_person_id_people FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE, 
	CONSTRAINT uq_opinions_person_id UNIQUE (person_id, item_key)
);
INSERT INTO "opinions" VALUES(1,1,'queen/radiogaga','Queen','rock',1,'2026-03-01 12:00:00.000000');
CREATE TABLE people (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR(32) NOT NULL, 
	name_key VARCHAR(64) NOT NULL, 
	email VARCHAR(254), 
	email_key TEXT, 
	password_hash TEXT, 
	guest BOOLEAN NOT NULL, 
	created_at DATETIME NOT NULL, 
	password_changed_at DATETIME, 
	CONSTRAINT uq_people_name_key UNIQUE (name_key)
);
INSERT INTO "people" VALUES(1,'Ada','ada','ada@example.org','ada@example.org','$argon2id$v=19$m=16,t=1,p=1$uA1ek0ZbTdn+Rk+TuZfzJQ$KYJU1ctttzQ/j4S/cmbuHH2Zv3kV90XQQEJMdLscYdE',0,'2026-03-01 12:00:00.000000',NULL);
INSERT INTO "people" VALUES(2,'guest-de99fceba8','guest-de99fceba8',NULL,NULL,NULL,1,'2026-03-01 12:00:00.000000',NULL);
CREATE TABLE recovery_codes (
	id INTEGER NOT NULL, 
	person_id INTEGER NOT NULL, 
	code_hash BLOB NOT NULL, 
	CONSTRAINT pk_recovery_codes PRIMARY KEY (id), 
	CONSTRAINT fk_recovery_codes_person_id_people FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
INSERT INTO "recovery_codes" VALUES(1,1,X'B950DBA410B71C90A7D3BDBC03D4147A7F47B765818C5F739175184B023B0208');
INSERT INTO "recovery_codes" VALUES(2,1,X'D7A96FCBF173D0703F4BC621F947145C8D1A4497D35E41EA6AC7510D89F3F4F5');
INSERT INTO "recovery_codes" VALUES(3,1,X'7E2D97F40A913458C898CC4DBC9A3927CF75EBE66FFAC2A3DF335F2303FC7723');
INSERT INTO "recovery_codes" VALUES(4,1,X'A66FF1B5F12CD9700C5729A52E264353CD94C1849A425AA51D5CC3C7E575F471');
INSERT INTO "recovery_codes" VALUES(5,1,X'B4099F0B31FE4ED39A023914FE523B7AB1E4FA862F8C69CF4164D35A8011A40A');
INSERT INTO "recovery_codes" VALUES(6,1,X'E28ECE53755DD4DA852BF18114566356C55684AEE71D9C31C8EC6D6D49FA12B4');
INSERT INTO "recovery_codes" VALUES(7,1,X'A36256BF0C61C231C1EE52B3852DB685698A863554BFA351402567A1A30D2C78');
INSERT INTO "recovery_codes" VALUES(8,1,X'35B39B94001CB8B6C7C1BA86DEC5F768E7C9700FEF9B397EB513BCF5C17FAC87');
CREATE TABLE reset_tokens (
	id INTEGER NOT NULL, 
	person_id INTEGER NOT NULL, 
	token_hash BLOB NOT NULL, 
	expires_at DATETIME NOT NULL, 
	CONSTRAINT pk_reset_tokens PRIMARY KEY (id), 
	CONSTRAINT fk_reset_tokens_person_id_people FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE, 
	CONSTRAINT uq_reset_tokens_token_hash UNIQUE (token_hash)
);
CREATE TABLE results (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	person_id INTEGER NOT NULL, 
	made_at DATETIME NOT NULL, 
	name TEXT NOT NULL, 
	genre TEXT, 
	verdict VARCHAR(32) NOT NULL, 
	confidence DOUBLE NOT NULL, 
	duration_s DOUBLE NOT NULL, 
	shared_at DATETIME, 
	share_seed BLOB, 
	share_hash BLOB, 
	audio_bytes INTEGER NOT NULL, 
	audio_suffix VARCHAR(16) NOT NULL, 
	details TEXT NOT NULL, 
	audio BLOB, 
	CONSTRAINT fk_results_person_id_people FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE, 
	CONSTRAINT uq_results_share_hash UNIQUE (share_hash)
);
INSERT INTO "results" VALUES(1,1,'2026-03-01 12:00:00.000000','tune.mp3','jazz','confident',0.75,30.0,'2026-03-01 12:00:00.000000',X'0459CAF0703FDDF0443F71251DF33989547E517FE6F7A0EEBDE137C91C297696',X'C6E0C763A0572BA548A2EC64F40FE0545A4186E60CA99A4C121A448E2F015AFA',7,'.mp3','{"version": 1}',X'00736F756E64FF');
CREATE TABLE sessions (
	id INTEGER NOT NULL, 
	person_id INTEGER NOT NULL, 
	token_hash BLOB NOT NULL, 
	browser VARCHAR(80) NOT NULL, 
	created_at DATETIME NOT NULL, 
	last_seen_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	CONSTRAINT pk_sessions PRIMARY KEY (id), 
	CONSTRAINT fk_sessions_person_id_people FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE, 
	CONSTRAINT uq_sessions_token_hash UNIQUE (token_hash)
);
INSERT INTO "sessions" VALUES(1,1,X'873D0EBC776D87E5752B69D8FE0CB3E3CAE237C183886A37CB2F8594C1BBE7EF','Firefox on Linux','2026-03-01 12:00:00.000000','2026-03-01 12:00:00.000000','2026-03-15 12:00:00.000000');
INSERT INTO "sessions" VALUES(2,2,X'BD6FD70341BE5E747C7AFCB8D83CFEF20A2A0D850795EE69D899D03C9BFD8383','A browser','2026-03-01 12:00:00.000000','2026-03-01 12:00:00.000000','2026-03-02 12:00:00.000000');
CREATE TABLE throttles (
	key_hash BLOB NOT NULL, 
	failures INTEGER NOT NULL, 
	last_at DATETIME NOT NULL, 
	blocked_until DATETIME NOT NULL, 
	CONSTRAINT pk_throttles PRIMARY KEY (key_hash)
);
CREATE INDEX ix_people_email_key ON people (email_key);
CREATE INDEX ix_sessions_person_id ON sessions (person_id);
CREATE INDEX ix_sessions_expires_at ON sessions (expires_at);
CREATE INDEX ix_recovery_codes_person_id ON recovery_codes (person_id);
CREATE INDEX ix_reset_tokens_person_id ON reset_tokens (person_id);
CREATE INDEX ix_throttles_last_at ON throttles (last_at);
CREATE INDEX ix_opinions_person_id ON opinions (person_id);
CREATE INDEX ix_results_person_id ON results (person_id);
CREATE INDEX ix_feedback_person_id ON feedback (person_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('people',2);
INSERT INTO "sqlite_sequence" VALUES('results',1);
COMMIT;
