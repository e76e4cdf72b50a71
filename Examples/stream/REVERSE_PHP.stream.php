#!/usr/bin/env php
<?php
/** REVERSE_PHP: the text of {"text": "…"} backwards; a stream handler in PHP to start from. */

declare(strict_types=1);

require __DIR__ . '/lib/taskrun.php';

TaskRun\serve(function (mixed $data, TaskRun\Task $task): string {
    if (!is_object($data) || !is_string($data->text ?? null)) {
        throw new TaskRun\Permanent('"text" must be a text');
    }
    preg_match_all('/./su', $data->text, $characters);
    return implode('', array_reverse($characters[0]));
});
