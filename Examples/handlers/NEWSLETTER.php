#!/usr/bin/env php
<?php
/**
 * NEWSLETTER: writes one letter for each recipient; a handler in PHP to start from.
 *
 * Data:    {"subject": "News", "text": "Dear {name}, …", "recipients": [{"email": "a@example.org", "name": "Ada"}, …]}
 * Writes:  $NEWSLETTER_DIR/<task>-<number of the recipient>.txt; NEWSLETTER_DIR is ./newsletter by default
 * Install: copy it to the handlers folder, keep its run bit, and list NEWSLETTER_DIR among the variables to pass on.
 *
 * It shows what a long handler needs. It reports its progress. It stops before its time is up, and the next attempt goes on
 * from there. It writes no letter twice, however often it is started.
 */

declare(strict_types=1);

const EX_OK = 0;
const EX_FAILED = 1;
const EX_DATAERR = 65;
const EX_TEMPFAIL = 75;

/** Data that no attempt can use. */
final class BadData extends Exception
{
}

/** A key=value line for taskrun: progress, note, retry_after. */
function tell(string $key, string $value): void
{
    $output = getenv('TASKRUN_OUTPUT');
    if ($output !== false && $output !== '') {
        file_put_contents($output, "$key=$value\n", FILE_APPEND);
    }
}

/**
 * Reads and checks the data.
 *
 * @return array{subject: string, text: string, recipients: list<array{email: string, name: string}>}
 */
function readTask(string $json): array
{
    try {
        $data = json_decode($json, true, 32, JSON_THROW_ON_ERROR);
    } catch (JsonException) {
        throw new BadData('the data is not JSON');
    }
    foreach (['subject', 'text'] as $key) {
        if (!is_array($data) || !is_string($data[$key] ?? null) || trim($data[$key]) === '') {
            throw new BadData("\"$key\" must be a text");
        }
    }
    if (!is_array($data['recipients'] ?? null) || !array_is_list($data['recipients'])) {
        throw new BadData('"recipients" must be a list');
    }
    $recipients = [];
    foreach ($data['recipients'] as $index => $recipient) {
        $email = is_array($recipient) ? ($recipient['email'] ?? null) : null;
        if (!is_string($email) || filter_var($email, FILTER_VALIDATE_EMAIL) === false) {
            throw new BadData("recipient $index has no valid \"email\"");
        }
        $name = $recipient['name'] ?? '';
        if (!is_string($name) || preg_match('/[\x00-\x1f\x7f]/', $name) === 1) {
            throw new BadData("the \"name\" of recipient $index is not one line of text");
        }
        $recipients[] = ['email' => $email, 'name' => $name === '' ? 'reader' : $name];
    }
    return ['subject' => $data['subject'], 'text' => $data['text'], 'recipients' => $recipients];
}

/** Writes a file under another name and renames it, so that it exists whole or not at all. */
function writeWhole(string $file, string $text): void
{
    $temporary = $file . '.' . getmypid();
    if (file_put_contents($temporary, $text) !== strlen($text) || !rename($temporary, $file)) {
        @unlink($temporary);
        throw new RuntimeException("cannot write $file");
    }
}

function main(): int
{
    // Without this setting PHP prints warnings on stdout; on stderr they are kept with the task.
    ini_set('display_errors', 'stderr');
    set_error_handler(function (int $level, string $message): bool {
        throw new RuntimeException($message);
    });

    $task = readTask(stream_get_contents(STDIN));
    $folder = getenv('NEWSLETTER_DIR') ?: './newsletter';
    if (!is_dir($folder) && !mkdir($folder, 0755, true)) {
        throw new RuntimeException("cannot make the folder $folder");
    }
    $id = (int) getenv('TASKRUN_TASK_ID');
    $deadline = strtotime(getenv('TASKRUN_DEADLINE') ?: '+1 hour');
    $total = count($task['recipients']);

    foreach ($task['recipients'] as $index => $recipient) {
        if (time() >= $deadline - 5) {
            // The attempt does not count: the next one finds what is there and goes on.
            tell('note', "$index of $total letters are written");
            tell('retry_after', '1');
            return EX_TEMPFAIL;
        }
        $file = "$folder/$id-$index.txt";
        if (!file_exists($file)) {
            $text = str_replace('{name}', $recipient['name'], $task['text']);
            writeWhole($file, "To: {$recipient['email']}\nSubject: {$task['subject']}\n\n$text\n");
        }
        tell('progress', ($index + 1) . "/$total");
    }
    echo "$total letters\n";
    return EX_OK;
}

try {
    exit(main());
} catch (BadData $error) {
    fwrite(STDERR, $error->getMessage() . "\n");
    exit(EX_DATAERR);
} catch (Throwable $error) {
    fwrite(STDERR, $error->getMessage() . "\n");
    exit(EX_FAILED);
}
