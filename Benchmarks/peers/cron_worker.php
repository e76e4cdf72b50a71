<?php
// A queue in a table as beginners write it, for a worker that cron starts: look for one row, mark it, do the work,
// delete it.
// Two workers at once would perform tasks twice, and a row whose worker died stays marked for ever.
//
//   php cron_worker.php add|drain TASKS DSN [SQL]      SQL is run first on the connection: its settings.
require __DIR__ . '/measure.php';
[, $action, $tasks, $dsn] = $argv;
$db = new PDO($dsn);
$db->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);
if (($argv[4] ?? '') !== '') {
    $db->exec($argv[4]);
}
if ($action === 'add') {
    $id = $db->getAttribute(PDO::ATTR_DRIVER_NAME) === 'pgsql' ? 'bigserial PRIMARY KEY' : 'INTEGER PRIMARY KEY';
    $db->exec("CREATE TABLE jobs (id $id, name TEXT, data TEXT, status TEXT DEFAULT 'waiting')");
    $db->exec('CREATE INDEX jobs_status ON jobs (status, id)');
    $db->beginTransaction();
    $insert = $db->prepare("INSERT INTO jobs (name, data) VALUES ('no_op', '{}')");
    for ($i = 0; $i < $tasks; $i++) {
        $insert->execute();
    }
    $db->commit();
    exit(0);
}
$handlers = ['no_op' => function (array $data) {
}];
$select = $db->prepare("SELECT id, name, data FROM jobs WHERE status = 'waiting' ORDER BY id LIMIT 1");
$mark = $db->prepare("UPDATE jobs SET status = 'running' WHERE id = ?");
$delete = $db->prepare('DELETE FROM jobs WHERE id = ?');
$done = 0;
$cpu = cpu_seconds();
$began = hrtime(true);
while (true) {
    $select->execute();
    $job = $select->fetch(PDO::FETCH_ASSOC);
    $select->closeCursor();
    if ($job === false) {
        break;
    }
    $mark->execute([$job['id']]);
    $handlers[$job['name']](json_decode($job['data'], true));
    $delete->execute([$job['id']]);
    $done++;
}
report((int) $tasks, $done, (hrtime(true) - $began) / 1e9, cpu_seconds() - $cpu);
