-- How the shop's database is made. Steps are added at the end and never changed; two of them must not be merged by machine.

CREATE TABLE stock (article TEXT PRIMARY KEY, pieces INTEGER NOT NULL);
