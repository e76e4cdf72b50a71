# frozen_string_literal: true

# taskrun.rb: stream handlers in Ruby; one file, to be copied next to them. Ruby 2.7 or later.
#
#     require_relative "lib/taskrun"
#
#     TaskRun.serve do |data, task|
#       raise TaskRun::Permanent, "no email in data" unless data["email"]
#       { sent: data["email"] }
#     end
#
# The block returns the result, or nil if there is none. An exception means that the attempt has failed and is tried again
# after the usual backoff, unless it is one of the three classes below. puts writes to the log, as stderr does.
#
#     task.add("INVOICE_SEND", { invoice: 12 }, queue: "mail", delay: "1h", batch: task.batch)
#
# adds a task that follows this one. The keys are those of a line of "taskrun add -". When the block returns, such tasks are
# added by the transaction that ends this task. When it raises, they are dropped.

require "json"

module TaskRun
  # No attempt can succeed: the task is FAILED at once.
  class Permanent < StandardError; end

  # This attempt failed; the next one comes after so many seconds instead of the usual backoff.
  class RetryAfter < StandardError
    attr_reader :seconds

    def initialize(seconds, error)
      super(error)
      @seconds = seconds
    end
  end

  # Not now: the task is tried again after so many seconds (nil: the usual backoff); the attempt does not count.
  class Later < StandardError
    attr_reader :seconds, :note

    def initialize(seconds = nil, note = nil)
      super(note)
      @seconds = seconds
      @note = note
    end
  end

  # The task, without its data. The deadline is in seconds since 1970, as Time.now.to_i; the batch is nil if the task is
  # in none.
  Task = Struct.new(:id, :attempt, :max_attempts, :deadline, :queue, :name, :batch) do
    # Adds a task if this attempt succeeds: queue: "mail", delay: "1h", batch: task.batch; nil means the default.
    def add(task_name, data, **columns)
      # A copy, so that later changes of the data do not count.
      added << JSON.parse(JSON.generate({ task_name: task_name, data: data, **columns }))
    end

    # The tasks that follow this one.
    def added
      @added ||= []
    end

    # Reports the progress, for example 3 of 10.
    def progress(done, total = nil, note = nil)
      TaskRun.say(task: id, progress: [done, total].compact, note: note)
    end

    # Writes a line to the log; the level is trace, debug, info, notice, warning, error or critical.
    def log(text, level = "info")
      TaskRun.say(log: text, level: level)
    end
  end

  # Performs tasks with the block until there are no more.
  def self.serve(&perform)
    # stdout carries only the protocol: all other output goes to stderr.
    @output = $stdout.dup
    @output.sync = true
    $stdout.reopen($stderr)
    $stdin.set_encoding(Encoding::UTF_8)
    say(hello: 1)
    while (line = $stdin.gets)
      line = JSON.parse(line)
      task = Task.new(*line.values_at("task", "attempt", "max_attempts", "deadline", "queue", "name", "batch"))
      say({ task: task.id }.merge(answer(line["data"], task, perform)))
    end
  end

  # Writes one line.
  def self.say(message)
    @output.write("#{JSON.generate(message)}\n")
  end

  def self.answer(data, task, perform)
    result = perform.call(data, task)
    JSON.generate([result])
    { ok: true, result: result, **(task.added.empty? ? {} : { add: task.added }) }
  rescue Permanent => e
    { error: e.message, permanent: true }
  rescue RetryAfter => e
    { error: e.message, retry_after: e.seconds }
  rescue Later => e
    { later: e.seconds, note: e.note }
  rescue StandardError => e # one bad task must not end the program
    { error: ["#{e.class}: #{e.message}", *e.backtrace].join("\n")[0, 6000].scrub }
  end
  private_class_method :answer
end
