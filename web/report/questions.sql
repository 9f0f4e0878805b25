-- Questions. `asked` are all; the others are counted among those that viewers can see (`visible`), so that
-- answered + later + dismissed + outstanding = visible. Outstanding: waiting or being answered.
-- `median_seconds`: from asking to the move that answered, over visible answered questions.
SELECT
    count(*) AS asked,
    count(*) FILTER (status = 'shown') AS visible,
    count(*) FILTER (status = 'shown' AND progress = 'answered') AS answered,
    count(*) FILTER (status = 'shown' AND progress = 'later') AS later,
    count(*) FILTER (status = 'shown' AND progress = 'dismissed') AS dismissed,
    count(*) FILTER (status = 'shown' AND progress IN ('waiting', 'answering')) AS outstanding,
    count(*) FILTER (simulated) AS simulated,
    median((moved_at - ms) / 1000) FILTER (status = 'shown' AND progress = 'answered') AS median_seconds
FROM questions;
