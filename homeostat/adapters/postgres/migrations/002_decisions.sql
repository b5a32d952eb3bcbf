-- For people: a row for every remedy that an incident came to, and one for an incident that was
-- handed to a person before any. `homeostat decisions` tells the same of a ledger.
CREATE VIEW homeostat_decisions AS
WITH opened AS (
    SELECT DISTINCT ON (ledger, incident) ledger, incident,
           (body #>> '{symptom,symptom}') || ' on ' || (body #>> '{symptom,subject,name}') AS symptom
    FROM entries WHERE kind = 'opened'
    ORDER BY ledger, incident, group_index, entry_index
), verdicts AS (
    SELECT ledger, incident, body -> 'remedy' AS remedy,
           (array_agg(service ORDER BY group_index, entry_index))[1] AS service,
           (array_agg(at ORDER BY group_index, entry_index))[1] AS at,
           (array_agg(group_index ORDER BY group_index, entry_index))[1] AS group_index,
           (array_agg(entry_index ORDER BY group_index, entry_index))[1] AS entry_index,
           (array_agg(body -> 'verdict'
                      ORDER BY group_index DESC, entry_index DESC))[1] AS verdict
    FROM entries WHERE kind = 'verdict' AND incident IS NOT NULL
    GROUP BY ledger, incident, body -> 'remedy'
), effects AS (
    SELECT i.ledger, i.incident, i.body -> 'remedy' AS remedy,
           (array_agg(o.body #>> '{outcome,outcome}'
                      ORDER BY o.group_index DESC, o.entry_index DESC)
               FILTER (WHERE o.body IS NOT NULL))[1] AS outcome,
           (array_agg(i.body ->> 'approved_by'
                      ORDER BY i.group_index DESC, i.entry_index DESC)
               FILTER (WHERE i.body ->> 'approved_by' <> ''))[1] AS approved_by
    FROM entries i
    LEFT JOIN entries o ON o.ledger = i.ledger AND o.incident = i.incident
                       AND o.kind = 'outcome' AND o.body -> 'effect' = i.body -> 'effect'
    WHERE i.kind = 'intent'
    GROUP BY i.ledger, i.incident, i.body -> 'remedy'
), proofs AS (
    SELECT ledger, incident, body -> 'remedy' AS remedy,
           (array_agg(body #>> '{proof,proof}'
                      ORDER BY group_index DESC, entry_index DESC))[1] AS proof
    FROM entries WHERE kind = 'proof'
    GROUP BY ledger, incident, body -> 'remedy'
), answers AS (
    SELECT ledger, incident, body -> 'remedy' AS remedy,
           (array_agg(body ->> 'by'
                      ORDER BY group_index DESC, entry_index DESC))[1] AS answered_by
    FROM entries WHERE kind = 'answered'
    GROUP BY ledger, incident, body -> 'remedy'
), told AS (
    SELECT DISTINCT ON (ledger, incident) ledger, incident, service, at, group_index, entry_index,
           body
    FROM entries WHERE kind = 'escalated'
    ORDER BY ledger, incident, group_index, entry_index
)
SELECT v.at, v.service, v.incident, coalesce(o.symptom, '') AS symptom,
       v.remedy ->> 'kind' AS remedy, v.remedy - 'kind' AS target,
       v.verdict ->> 'verdict' AS verdict, v.verdict ->> 'rule' AS rule,
       v.verdict ->> 'because' AS because,
       coalesce(e.outcome, '') AS outcome, coalesce(p.proof, '') AS proof,
       coalesce(e.approved_by, a.answered_by, '') AS approver,
       v.ledger, v.group_index, v.entry_index
FROM verdicts v
LEFT JOIN opened o USING (ledger, incident)
LEFT JOIN effects e USING (ledger, incident, remedy)
LEFT JOIN proofs p USING (ledger, incident, remedy)
LEFT JOIN answers a USING (ledger, incident, remedy)
UNION ALL
SELECT t.at, t.service, t.incident, coalesce(o.symptom, ''), '', '{}'::jsonb,
       'escalation', coalesce(t.body ->> 'rule', ''), coalesce(t.body ->> 'because', ''),
       '', '', '', t.ledger, t.group_index, t.entry_index
FROM told t
LEFT JOIN opened o USING (ledger, incident)
WHERE NOT EXISTS (SELECT FROM verdicts v
                  WHERE v.ledger = t.ledger AND v.incident = t.incident);
