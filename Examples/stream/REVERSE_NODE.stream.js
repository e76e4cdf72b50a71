#!/usr/bin/env node
'use strict';

// REVERSE_NODE: the text of {"text": "…"} backwards; a stream handler in Node to start from.

const taskrun = require('./lib/taskrun.js');

taskrun.serve((data) => {
    if (typeof data?.text !== 'string') throw new taskrun.Permanent('"text" must be a text');
    return [...data.text].reverse().join('');
});
