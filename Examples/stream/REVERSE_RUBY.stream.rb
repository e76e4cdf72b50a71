#!/usr/bin/env ruby
# frozen_string_literal: true

# REVERSE_RUBY: the text of {"text": "…"} backwards; a stream handler in Ruby to start from.

require_relative "lib/taskrun"

TaskRun.serve do |data, _task|
  raise TaskRun::Permanent, '"text" must be a text' unless data.is_a?(Hash) && data["text"].is_a?(String)

  data["text"].reverse
end
