#include "ui/cli/answer.h"

#include <simdjson.h>

#include <charconv>
#include <cstdio>

#include "ui/cli/utf8.h"

namespace logboom::ui::cli {
namespace {

namespace dom = simdjson::dom;

std::unexpected<Error> unreadable(std::string_view what) {
  return fail(Errc::invalid, "the server's answer cannot be read (" + std::string(what) +
                                 "); is this a Logboom or Loki server?");
}

Result<std::vector<std::pair<std::string, std::string>>> pairs(dom::element element) {
  dom::object object;
  if (element.get(object)) return unreadable("no object of names and values");
  std::vector<std::pair<std::string, std::string>> result;
  for (const auto& [name, value] : object) {
    std::string_view text;
    if (value.get(text)) return unreadable("a value that is no string");
    result.emplace_back(name, text);
  }
  return result;
}

// The third element of a value: {"structuredMetadata": {}, "parsed": {}, "id": "..."}.
Result<void> decode_extra(dom::element extra, Line& line) {
  dom::object object;
  if (extra.get(object)) return unreadable("a value's third element is no object");
  for (const auto& [name, value] : object) {
    if (name == "id") {
      std::string_view id;
      if (value.get(id)) return unreadable("a line id that is no string");
      line.id = id;
    } else if (name == "structuredMetadata" || name == "parsed") {
      auto found = pairs(value);
      if (!found) return fail(std::move(found).error());
      for (auto& pair : *found) line.metadata.push_back(std::move(pair));
    }
  }
  return {};
}

Result<Line> decode_value(dom::element element, const std::shared_ptr<const Labels>& labels) {
  dom::array value;
  if (element.get(value)) return unreadable("a value that is no array");
  Line line;
  line.labels = labels;
  std::size_t index = 0;
  for (const auto part : value) {
    std::string_view text;
    if (index < 2 && part.get(text)) return unreadable("a value without time and line");
    if (index == 0) {
      const auto [end, error] =
          std::from_chars(text.data(), text.data() + text.size(), line.time_ns);
      if (error != std::errc() || end != text.data() + text.size()) {
        return unreadable("a time that is no number");
      }
    } else if (index == 1) {
      line.body = text;
    } else if (auto extra = decode_extra(part, line); !extra) {
      return fail(std::move(extra).error());
    }
    ++index;
  }
  if (index < 2) return unreadable("a value without time and line");
  return line;
}

Result<void> decode_streams(dom::element element, std::vector<Line>& lines) {
  dom::array streams;
  if (element.get(streams)) return element.is_null() ? Result<void>() : unreadable("no streams");
  for (const auto stream : streams) {
    dom::element labels_element;
    dom::array values;
    if (stream["stream"].get(labels_element) || stream["values"].get(values)) {
      return unreadable("a stream without labels or values");
    }
    auto label_pairs = pairs(labels_element);
    if (!label_pairs) return fail(std::move(label_pairs).error());
    const auto labels = std::make_shared<const Labels>(*std::move(label_pairs));
    for (const auto value : values) {
      auto line = decode_value(value, labels);
      if (!line) return fail(std::move(line).error());
      lines.push_back(*std::move(line));
    }
  }
  return {};
}

}  // namespace

Result<std::vector<Line>> decode_range(std::string_view body) {
  dom::parser parser;
  dom::element root;
  if (parser.parse(body.data(), body.size()).get(root)) return unreadable("no JSON");
  std::string_view type;
  if (root["data"]["resultType"].get(type)) return unreadable("no result");
  if (type != "streams") {
    return fail(Errc::invalid,
                "this query answers numbers, not lines; ask for lines, such as {job=\"web\"}");
  }
  std::vector<Line> lines;
  dom::element result;
  if (root["data"]["result"].get(result)) return unreadable("no result");
  if (auto decoded = decode_streams(result, lines); !decoded) {
    return fail(std::move(decoded).error());
  }
  return lines;
}

Result<Frame> decode_frame(std::string_view text) {
  dom::parser parser;
  dom::element root;
  if (parser.parse(text.data(), text.size()).get(root)) return unreadable("no JSON");
  if (!root.is_object()) return unreadable("no tail frame");
  Frame frame;
  dom::element part;
  if (!root["streams"].get(part)) {
    if (auto decoded = decode_streams(part, frame.lines); !decoded) {
      return fail(std::move(decoded).error());
    }
  }
  std::string_view cursor;
  if (!root["cursor"].get(cursor)) frame.cursor = cursor;
  dom::array dropped;
  if (!root["dropped_entries"].get(dropped)) frame.dropped = dropped.size();
  return frame;
}

Result<std::vector<std::string>> decode_names(std::string_view body) {
  dom::parser parser;
  dom::element root;
  if (parser.parse(body.data(), body.size()).get(root) || !root.is_object()) {
    return unreadable("no JSON");
  }
  std::vector<std::string> names;
  dom::array data;
  if (root["data"].get(data)) return names;
  for (const auto element : data) {
    std::string_view name;
    if (element.get(name)) return unreadable("a name that is no string");
    names.emplace_back(name);
  }
  return names;
}

Result<Tables> decode_tables(std::string_view text) {
  dom::parser parser;
  dom::element root;
  dom::object object;
  if (parser.parse(text.data(), text.size()).get(root) || root.get(object)) {
    return fail(Errc::invalid, "not a JSON object");
  }
  Tables tables;
  for (const auto& [name, value] : object) {
    auto inner = pairs(value);
    if (!inner) return fail(Errc::invalid, "'" + std::string(name) + "' is no table of strings");
    tables.emplace_back(name, *std::move(inner));
  }
  return tables;
}

std::string json_quote(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const auto symbol = next_symbol(text);
    const auto bytes = text.substr(0, symbol.bytes);
    text.remove_prefix(symbol.bytes);
    if (!symbol.valid) {
      out += "\xEF\xBF\xBD";
    } else if (symbol.code == '"' || symbol.code == '\\') {
      out.append("\\").append(bytes);
    } else if (symbol.code == '\n') {
      out += "\\n";
    } else if (symbol.code == '\t') {
      out += "\\t";
    } else if (symbol.code == '\r') {
      out += "\\r";
    } else if (symbol.code < 0x20 || (symbol.code >= 0x7f && symbol.code < 0xa0)) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(symbol.code));
      out += escape;
    } else {
      out += bytes;
    }
  }
  return out += '"';
}

}  // namespace logboom::ui::cli
