-- SPDX-License-Identifier: GPL-2.0-or-later
-- The five questions that people ask of many connections, for DuckDB. "rows" are those of tcpstate.
CREATE OR REPLACE VIEW rows AS
SELECT * FROM read_json('rows.*.json', format = 'newline_delimited', sample_size = -1);

-- servers by stuck sockets
SELECT server_address, server_port, count(*) AS stuck, round(max(time_in_server_phase), 3) AS longest
FROM rows WHERE server_phase = 'CLOSE_WAIT' GROUP BY ALL ORDER BY stuck DESC, server_address LIMIT 10;

-- clients that reset
SELECT client_address, reset_cause, count(*) AS resets FROM rows
WHERE close IN ('reset', 'reset-after-fin') AND closer = 'client'
GROUP BY ALL ORDER BY resets DESC, client_address, reset_cause LIMIT 10;

-- slow handshakes by network
SELECT regexp_replace(client_address, '[.:][^.:]*$', '') AS network, count(*) AS handshakes,
       round(quantile_cont(handshake_time, 0.99), 6) AS p99
FROM rows WHERE handshake_time IS NOT NULL GROUP BY ALL ORDER BY p99 DESC, network LIMIT 10;

-- reuse refused: a SYN on ports that the server still holds
SELECT server_address, server_port, count(*) AS refused FROM rows
WHERE list_contains(list_transform(from_json(events, '[{"event":"VARCHAR"}]'), e -> e.event),
                    'reuse_refused')
GROUP BY ALL ORDER BY refused DESC, server_address LIMIT 10;

-- a port's census over time
SELECT server_port, date_trunc('minute', CAST(ts AS TIMESTAMP)) AS minute, stage, count(*) AS connections
FROM rows GROUP BY ALL ORDER BY server_port, minute, stage LIMIT 20;
