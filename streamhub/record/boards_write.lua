-- Write the boards of one campaign in one atomic step: scores, totals and the log position that they show.
-- The position never goes back, so several workers may write at once. A share (not all teams) is taken only
-- if the boards already show everything up to the position that the share starts from.
-- KEYS[1] head (hash: cursor, figures)   KEYS[2..] boards (sorted sets), in the module's order
-- ARGV[1] cursor   ARGV[2] position the share starts from, or "" if everything is written
-- ARGV[3] figures (JSON)   ARGV[4..] board number (1 for KEYS[2]), member, score; a score of 0 or less removes
-- Returns "written", "older" (somebody has written a later position) or "behind" (write everything).
local function before(left, right)
  local left_ms, left_number = string.match(left, '^(%d+)-(%d+)$')
  local right_ms, right_number = string.match(right, '^(%d+)-(%d+)$')
  left_ms, right_ms = tonumber(left_ms), tonumber(right_ms)
  if left_ms ~= right_ms then
    return left_ms < right_ms
  end
  return tonumber(left_number) < tonumber(right_number)
end

local cursor, since = ARGV[1], ARGV[2]
local kept = redis.call('HGET', KEYS[1], 'cursor') or '0-0'
if before(cursor, kept) then
  return 'older'
end
if since == '' then
  for board = 2, #KEYS do
    redis.call('DEL', KEYS[board])
  end
elseif before(kept, since) then
  return 'behind'
end
for at = 4, #ARGV, 3 do
  local board, member, score = KEYS[tonumber(ARGV[at]) + 1], ARGV[at + 1], ARGV[at + 2]
  if tonumber(score) > 0 then
    redis.call('ZADD', board, score, member)
  else
    redis.call('ZREM', board, member)
  end
end
redis.call('HSET', KEYS[1], 'cursor', cursor, 'figures', ARGV[3])
return 'written'
