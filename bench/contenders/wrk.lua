-- What wrk has counted, as JSON and in the last line of its output; the table that it prints itself is rounded.

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"microseconds":%d,"responses":%d,"bad":%d,"lost":%d}\n',
    summary.duration,
    summary.requests,
    errors.status,
    errors.connect + errors.read + errors.write + errors.timeout
  ))
end
