-- Append facts once: the same `once` always names the same entries, however often it is tried.
-- One atomic step: either the entries and their mark are all there, or none is; whoever follows the log is told
-- of them in the same step, in the order of the entries.
-- KEYS[1] log (stream)   KEYS[2] marks (hash: once -> entry id)
-- ARGV[1] once           ARGV[2..] facts (JSON), in order; usually one
-- Tells of each, on the channel named as the log: "<id of the entry before> <id> <fact>".
-- Returns {id of the last entry, 1 if this call appended, else 0}.
local known = redis.call('HGET', KEYS[2], ARGV[1])
if known then
  return {known, 0}
end
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local id = last[1] and last[1][1] or '0-0'
for at = 2, #ARGV do
  local before = id
  id = redis.call('XADD', KEYS[1], '*', 'f', ARGV[at])
  redis.call('PUBLISH', KEYS[1], before .. ' ' .. id .. ' ' .. ARGV[at])
end
redis.call('HSET', KEYS[2], ARGV[1], id)
return {id, 1}
