#include <simdjson.h>

#include <charconv>

#include "query/push.h"

namespace logboom::query {
namespace {

namespace dom = simdjson::dom;

std::unexpected<Error> wrong(std::string message) {
  return fail(Errc::invalid, "push: " + std::move(message));
}

// A list of up to three: time stamp, line, metadata.
class Entry {
 public:
  // What is wrong with it, or nothing.
  const char* read(dom::element entry) {
    dom::array parts;
    if (entry.get(parts) != simdjson::SUCCESS) return "an entry must be a list";
    std::size_t count = 0;
    for (const dom::element part : parts) {
      const char* problem = nullptr;
      switch (count++) {
        case 0:
          problem = read_time(part);
          break;
        case 1:
          if (part.get(body) != simdjson::SUCCESS) problem = "the line must be a string";
          break;
        case 2:
          problem = read_metadata(part);
          break;
        default:
          problem = "an entry has at most three parts: time stamp, line, metadata";
      }
      if (problem != nullptr) return problem;
    }
    return count < 2 ? "an entry needs a time stamp and a line" : nullptr;
  }

  std::int64_t time_ns = 0;
  std::string_view body;
  std::vector<Attribute> metadata;

 private:
  const char* read_time(dom::element part) {
    std::string_view text;
    if (part.get(text) != simdjson::SUCCESS) {
      return "the time stamp must be a string of nanoseconds";
    }
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), time_ns);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole ? nullptr : "the time stamp must be a string of nanoseconds";
  }

  const char* read_metadata(dom::element part) {
    dom::object object;
    if (part.get(object) != simdjson::SUCCESS) return "structured metadata must be an object";
    for (const auto field : object) {
      std::string_view value;
      if (field.value.get(value) != simdjson::SUCCESS) {
        return "structured metadata values must be strings";
      }
      metadata.emplace_back(field.key, value);
    }
    return nullptr;
  }
};

Result<void> read_stream(dom::element element, PushBuilder& builder) {
  dom::object object;
  if (element.get(object) != simdjson::SUCCESS) return wrong("a stream must be an object");
  std::vector<Labels::Pair> labels;
  dom::object names;
  const auto found = object["stream"].get(names);
  if (found != simdjson::SUCCESS && found != simdjson::NO_SUCH_FIELD) {
    return wrong("'stream' must be an object of labels");
  }
  bool values_are_strings = true;
  if (found == simdjson::SUCCESS) {
    for (const auto field : names) {
      std::string_view value;
      values_are_strings = values_are_strings && field.value.get(value) == simdjson::SUCCESS;
      labels.emplace_back(field.key, value);
    }
  }
  builder.stream(std::move(labels));
  if (!values_are_strings) builder.refuse_stream("invalid_labels", "label values must be strings");

  dom::array entries;
  const auto listed = object["values"].get(entries);
  if (listed == simdjson::NO_SUCH_FIELD) return {};
  if (listed != simdjson::SUCCESS) return wrong("'values' must be a list of entries");
  for (const dom::element one : entries) {
    Entry entry;
    if (const char* problem = entry.read(one)) {
      builder.refuse("malformed_entry", std::string("push: ") + problem);
    } else {
      builder.line(entry.time_ns, entry.body, entry.metadata);
    }
  }
  return {};
}

}  // namespace

Result<Pushed> parse_push_json(std::string_view body, const PushContext& context) {
  dom::parser parser;
  dom::element root;
  if (const auto error = parser.parse(body.data(), body.size()).get(root)) {
    return wrong(std::string("not JSON: ") + simdjson::error_message(error));
  }
  dom::object object;
  dom::array streams;
  if (root.get(object) != simdjson::SUCCESS ||
      object["streams"].get(streams) != simdjson::SUCCESS) {
    return wrong(R"(expecting {"streams":[{"stream":{...},"values":[["<ns>","line"]]}]})");
  }
  PushBuilder builder(context, body.size());
  for (const dom::element stream : streams) {
    if (auto read = read_stream(stream, builder); !read) return fail(std::move(read).error());
  }
  return std::move(builder).finish();
}

}  // namespace logboom::query
