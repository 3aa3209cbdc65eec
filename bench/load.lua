-- Sends each request of a file once, then falls silent; see bench/load.py.
--
-- Arguments: the file, and how many of its requests to send. wrk itself can only be told how long
-- to go on, and cuts off what is under way at its end. So nothing is sent after the last request
-- (an empty one writes no byte), and a line says when the last response is there.

local ffi = require("ffi")

ffi.cdef [[
typedef struct { long seconds; long nanoseconds; } lyftr_time;
int clock_gettime(int clock, lyftr_time *time);
]]

local MONOTONIC = 1
local LENGTH_DIGITS = 6

-- Globals, since `done` runs in another environment and asks for them by name.
sent = 0
answered = 0
first_at = 0
last_at = 0
statuses = ""

local thread
local limit
local requests
local upcoming
local counts = {}
local time = ffi.new("lyftr_time")

local function now()
  ffi.C.clock_gettime(MONOTONIC, time)
  return tonumber(time.seconds) + tonumber(time.nanoseconds) / 1e9
end

local function read_request()
  return requests:read(tonumber(requests:read(LENGTH_DIGITS)))
end

function setup(of_wrk)
  thread = of_wrk
end

function init(arguments)
  requests = assert(io.open(arguments[1], "rb"))
  limit = tonumber(arguments[2])
end

function request()
  -- wrk looks at one request before the first connection, and does not send it.
  if upcoming == nil then
    upcoming = read_request()
    return upcoming
  end
  if sent == limit then
    return ""
  end
  local this = upcoming
  sent = sent + 1
  upcoming = sent < limit and read_request() or ""
  return this
end

function response(status)
  counts[status] = (counts[status] or 0) + 1
  answered = answered + 1
  last_at = now()
  if answered == 1 then
    first_at = last_at
  end
  if answered == limit then
    local parts = {}
    for code, count in pairs(counts) do
      parts[#parts + 1] = string.format('"%d":%d', code, count)
    end
    statuses = table.concat(parts, ",")
    print("finished")
    io.flush()
  end
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    'result {"sent":%d,"answered":%d,"began":%.6f,"seconds":%.6f,"p50_us":%d,"p99_us":%d,' ..
    '"statuses":{%s},"errors":{"connect":%d,"read":%d,"write":%d,"timeout":%d}}',
    thread:get("sent"), thread:get("answered"), thread:get("first_at"), thread:get("last_at") - thread:get("first_at"),
    latency:percentile(50), latency:percentile(99), thread:get("statuses"),
    errors.connect, errors.read, errors.write, errors.timeout))
end
