-- Budgets that the agents of a fleet share. Whoever asks for a place locks the fleet's row, so that
-- they ask one after another.
CREATE TABLE fleets (
    name text PRIMARY KEY
);

-- A place is for one remedy of one agent: held from its beginning until it is given back or ends by
-- itself, and counted for the window from its beginning. All times are this server's.
CREATE TABLE fleet_places (
    fleet text NOT NULL REFERENCES fleets (name),
    ledger text NOT NULL,          -- of the agent: the hash of its group 0
    place text NOT NULL,           -- the first effect of the remedy: with the ledger, a key for ever
    service text NOT NULL,
    began_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    ticket bigint NOT NULL,        -- of the latest grant: an older one gives nothing back
    PRIMARY KEY (fleet, ledger, place)
);
CREATE INDEX fleet_places_by_end ON fleet_places (fleet, ends_at);
CREATE SEQUENCE fleet_tickets;
