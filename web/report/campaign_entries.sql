-- The campaign's log as it was, for folding it with the module's own rules.
SELECT id, fact FROM campaign_facts WHERE type IS NOT NULL ORDER BY ms, seq;
