<?php
/**
 * taskrun.php: stream handlers in PHP; one file, to be copied next to them. PHP 8.0 or later.
 *
 *     require __DIR__ . '/lib/taskrun.php';
 *
 *     TaskRun\serve(function (mixed $data, TaskRun\Task $task): mixed {
 *         if (!isset($data->email)) {
 *             throw new TaskRun\Permanent('no email in data');
 *         }
 *         return ['sent' => $data->email];
 *     });
 *
 * The function returns the result, or null if there is none. An exception means that the attempt has failed and is tried
 * again after the usual backoff, unless it is one of the three classes below. Echoed text goes to the log, as stderr does.
 * Objects in the data are objects of stdClass, so {} and [] stay different.
 *
 *     $task->add('INVOICE_SEND', ['invoice' => 12], queue: 'mail', delay: '1h', batch: $task->batch);
 *
 * adds a task that follows this one. The keys are those of a line of "taskrun add -". When the function returns, such tasks
 * are added by the transaction that ends this task. When it throws, they are dropped.
 */

declare(strict_types=1);

namespace TaskRun;

/** No attempt can succeed: the task is FAILED at once. */
final class Permanent extends \Exception
{
}

/** This attempt failed; the next one comes after so many seconds instead of the usual backoff. */
final class RetryAfter extends \Exception
{
    public function __construct(public int|float $seconds, string $error)
    {
        parent::__construct($error);
    }
}

/** Not now: the task is tried again after so many seconds (null: the usual backoff); the attempt does not count. */
final class Later extends \Exception
{
    public function __construct(public int|float|null $seconds = null, public ?string $note = null)
    {
        parent::__construct($note ?? '');
    }
}

/** The task, without its data. */
final class Task
{
    public int $id;
    public int $attempt;
    public int $maxAttempts;
    /** Seconds since 1970, as time(). */
    public int $deadline;
    public string $queue;
    public string $name;
    /** null: the task is in no batch. */
    public ?string $batch;
    /** @internal the tasks that follow this one */
    public array $added = [];

    public function __construct(object $line)
    {
        $this->id = $line->task;
        $this->attempt = $line->attempt;
        $this->maxAttempts = $line->max_attempts;
        $this->deadline = $line->deadline;
        $this->queue = $line->queue;
        $this->name = $line->name;
        $this->batch = $line->batch ?? null;
    }

    /** Adds a task if this attempt succeeds: queue: 'mail', delay: '1h', batch: $task->batch; null means the default. */
    public function add(string $task_name, mixed $data, mixed ...$columns): void
    {
        // A copy, so that later changes of the data do not count.
        $json = json_encode(
            ['task_name' => $task_name, 'data' => $data] + $columns,
            JSON_THROW_ON_ERROR | JSON_PRESERVE_ZERO_FRACTION
        );
        $this->added[] = json_decode($json, false, 512, JSON_THROW_ON_ERROR);
    }

    /** Reports the progress, for example 3 of 10. */
    public function progress(int $done, ?int $total = null, ?string $note = null): void
    {
        $steps = $total === null ? [$done] : [$done, $total];
        say(['task' => $this->id, 'progress' => $steps, 'note' => $note]);
    }

    /** Writes a line to the log; the level is trace, debug, info, notice, warning, error or critical. */
    public function log(string $text, string $level = 'info'): void
    {
        say(['log' => $text, 'level' => $level]);
    }
}

/**
 * Performs tasks until there are no more.
 *
 * @param callable $perform gets the data and the Task
 * @param int      $tasks   after so many tasks the program ends and a new one is started, for code that leaks memory; 0: never
 */
function serve(callable $perform, int $tasks = 0): void
{
    ini_set('display_errors', 'stderr');
    // stdout carries only the protocol: all other output goes to stderr.
    ob_start(function (string $text): string {
        fwrite(STDERR, $text);
        return '';
    }, 1);
    say(['hello' => 1]);
    for ($count = 1; ($line = fgets(STDIN)) !== false; $count++) {
        // Big whole numbers in the data become texts rather than wrong numbers.
        $line = json_decode($line, false, 512, JSON_THROW_ON_ERROR | JSON_BIGINT_AS_STRING);
        $answer = ['task' => $line->task] + answer($perform, $line);
        say($answer + ($count === $tasks ? ['last' => true] : []));
        if ($count === $tasks) {
            return;
        }
    }
}

/** @internal */
function answer(callable $perform, object $line): array
{
    try {
        $task = new Task($line);
        $result = $perform($line->data, $task);
        json_encode($result, JSON_THROW_ON_ERROR);
        return ['ok' => true, 'result' => $result] + ($task->added ? ['add' => $task->added] : []);
    } catch (Permanent $error) {
        return ['error' => $error->getMessage(), 'permanent' => true];
    } catch (RetryAfter $error) {
        return ['error' => $error->getMessage(), 'retry_after' => $error->seconds];
    } catch (Later $wish) {
        return ['later' => $wish->seconds, 'note' => $wish->note];
    } catch (\Throwable $error) {
        // One bad task must not end the program.
        $text = get_class($error) . ': ' . $error->getMessage() . "\n" . $error->getTraceAsString();
        return ['error' => substr($text, 0, 6000)];
    }
}

/** @internal */
function say(array $message): void
{
    static $output;
    $output ??= fopen('php://stdout', 'w');
    $flags = JSON_THROW_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE | JSON_UNESCAPED_SLASHES | JSON_PRESERVE_ZERO_FRACTION;
    fwrite($output, json_encode($message, $flags) . "\n");
}
