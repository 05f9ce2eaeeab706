#!/usr/bin/env node
// The command `manyfetch`. All of it is in src/cli.

'use strict';

const { main } = require('./src/cli/main.js');

main(process.argv.slice(2));
