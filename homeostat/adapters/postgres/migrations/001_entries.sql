-- What was recorded, an entry a row, as it stands in the ledger. Rows are never changed.
CREATE TABLE entries (
    ledger text NOT NULL,          -- which one: the hash of its group 0
    group_index bigint NOT NULL,   -- the group, and the entry in it: with the ledger, a key for ever
    entry_index integer NOT NULL,
    hash text NOT NULL,            -- of the ledger's chain after the group
    at timestamptz NOT NULL,       -- wall time, to the millisecond
    service text NOT NULL,
    kind text NOT NULL,            -- opened, verdict, intent, outcome, proof, closed …
    incident text,                 -- names are a ledger's own: i-7 of one is not i-7 of another
    remedy text,                   -- its kind, where the entry names one
    body jsonb NOT NULL,
    PRIMARY KEY (ledger, group_index, entry_index)
);
CREATE INDEX entries_by_incident ON entries (ledger, incident) WHERE incident IS NOT NULL;
CREATE INDEX entries_by_time ON entries (at);

-- How far each ledger is here. Moved in the transaction that adds the rows.
CREATE TABLE cursors (
    ledger text PRIMARY KEY,
    service text NOT NULL,
    next_group bigint NOT NULL,
    hash text NOT NULL,
    groups_missed bigint NOT NULL DEFAULT 0,  -- dropped by age (record.keep) before they came here
    moved_at timestamptz NOT NULL DEFAULT now()
);
