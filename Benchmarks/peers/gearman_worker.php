<?php
// gearmand through the extension of PHP: background jobs, one worker. The server deletes a job from its store when the
// worker is done; jobs of a worker that died go to the next one.
//
//   php gearman_worker.php add|drain TASKS PORT
require __DIR__ . '/measure.php';
[, $action, $tasks, $port] = $argv;
if ($action === 'add') {
    $client = new GearmanClient();
    $client->addServer('127.0.0.1', (int) $port);
    for ($i = 0; $i < $tasks; $i++) {
        $client->doBackground('no_op', '{}');
        if ($client->returnCode() !== GEARMAN_SUCCESS) {
            fwrite(STDERR, $client->error() . "\n");
            exit(1);
        }
    }
    exit(0);
}
$done = 0;
$worker = new GearmanWorker();
$worker->addServer('127.0.0.1', (int) $port);
$worker->setTimeout(10000);
$cpu = cpu_seconds();
$began = hrtime(true);
$worker->addFunction('no_op', function (GearmanJob $job) use (&$done) {
    $done++;
});
while ($done < $tasks && $worker->work()) {
}
report((int) $tasks, $done, (hrtime(true) - $began) / 1e9, cpu_seconds() - $cpu);
