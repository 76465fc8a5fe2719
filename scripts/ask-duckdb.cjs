// SPDX-License-Identifier: GPL-2.0-or-later
//
// Runs a file of SQL in DuckDB through npm's @duckdb/node-api, looked for from the working directory,
// and prints each answer as one line of JSON: the names of the columns, then the rows.
"use strict";

const fs = require("fs");
const { createRequire } = require("module");
const { DuckDBInstance } = createRequire(`${process.cwd()}/`)("@duckdb/node-api");

async function main() {
    const connection = await (await DuckDBInstance.create(":memory:")).connect();
    const text = fs.readFileSync(process.argv[2], "utf8").replace(/^--.*$/gm, "");
    for (const statement of text.split(";").filter((part) => part.trim())) {
        const answer = await connection.runAndReadAll(statement);
        if (/^\s*SELECT/.test(statement))
            console.log(JSON.stringify([answer.columnNames(), ...answer.getRowsJson()]));
    }
}

main();
