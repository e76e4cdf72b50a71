<?php
// What a PHP script from cron pays to see that there is nothing to do: open the database, select once.
//
//   php look_once.php DSN
$db = new PDO($argv[1]);
$db->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);
$row = $db->query("SELECT id FROM tasks WHERE status = 'WAITING' AND run_at <= CURRENT_TIMESTAMP LIMIT 1")->fetch();
exit($row === false ? 0 : 1);
