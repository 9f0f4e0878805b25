-- Read the boards of one campaign at one log position: the best of each ranked board, with all their columns.
-- KEYS[1] head (hash: cursor, figures)   KEYS[2..] boards (sorted sets), in the module's order
-- ARGV[1] how many rows of a ranking   ARGV[2] how many of ARGV[3..] are numbers of ranked boards
-- ARGV[3..] numbers of the ranked boards (1 for KEYS[2]), then members to include wherever they stand
-- Returns {cursor, figures, {ranking, ...}}; a ranking is {member, rank, {score or false per board}} again and
-- again, best first. Equal scores share a rank: one more than the number of members with a better score.
local head = redis.call('HMGET', KEYS[1], 'cursor', 'figures')
local rows, ranked = tonumber(ARGV[1]), tonumber(ARGV[2])
local rankings = {}
for at = 3, 2 + ranked do
  local key = KEYS[tonumber(ARGV[at]) + 1]
  local members = redis.call('ZREVRANGE', key, 0, rows - 1)
  local there = {}
  for _, member in ipairs(members) do
    there[member] = true
  end
  for more = 3 + ranked, #ARGV do
    if not there[ARGV[more]] and redis.call('ZSCORE', key, ARGV[more]) then
      members[#members + 1] = ARGV[more]
      there[ARGV[more]] = true
    end
  end
  local ranking = {}
  for _, member in ipairs(members) do
    local columns = {}
    for board = 2, #KEYS do
      columns[board - 1] = redis.call('ZSCORE', KEYS[board], member)
    end
    local better = redis.call('ZCOUNT', key, '(' .. redis.call('ZSCORE', key, member), '+inf')
    ranking[#ranking + 1] = member
    ranking[#ranking + 1] = better + 1
    ranking[#ranking + 1] = columns
  end
  rankings[#rankings + 1] = ranking
end
return {head[1], head[2], rankings}
