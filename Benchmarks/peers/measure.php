<?php
// What the peers in PHP measure with.
function cpu_seconds(): float
{
    $usage = getrusage();
    return $usage['ru_utime.tv_sec'] + $usage['ru_stime.tv_sec']
        + ($usage['ru_utime.tv_usec'] + $usage['ru_stime.tv_usec']) / 1e6;
}

/** Prints the figures, or ends in an error if tasks are left. */
function report(int $tasks, int $done, float $seconds, float $cpu): void
{
    if ($done !== $tasks) {
        fwrite(STDERR, "$done of $tasks tasks were done\n");
        exit(1);
    }
    preg_match('/VmHWM:\s+(\d+)/', file_get_contents('/proc/self/status'), $peak);
    echo json_encode([
        'tasks' => $done, 'seconds' => $seconds, 'value' => $done / $seconds,
        'cpu_ms_per_1000' => $cpu * 1e6 / $done, 'peak_memory_mib' => $peak[1] / 1024,
    ]), "\n";
}
