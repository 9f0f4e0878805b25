-- Take a broadcast off the list of those that moderation reads, unless it was put there again meanwhile.
-- KEYS[1] live (sorted set: code, by the time it was put there last)   ARGV[1] code   ARGV[2] the time that was seen
-- Returns 1 if it is off the list.
local at = redis.call('ZSCORE', KEYS[1], ARGV[1])
if at and tonumber(at) ~= tonumber(ARGV[2]) then
  return 0
end
redis.call('ZREM', KEYS[1], ARGV[1])
return 1
