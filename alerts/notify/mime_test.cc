#include "alerts/notify/mime.h"

#include <catch2/catch.hpp>
#include <sstream>

namespace logboom::alerts {
namespace {

TEST_CASE("quoted-printable keeps what is plain and hides what is not") {
  auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"plain text", "plain text"},
      {"a=b", "a=3Db"},
      {"caf\u00e9", "caf=C3=A9"},
      {"line\nline", "line\r\nline"},
      {"blank \nend ", "blank=20\r\nend=20"},
      {".\nFrom me", "=2E\r\n=46rom me"},
      {std::string(80, 'x'), std::string(75, 'x') + "=\r\nxxxxx"},
  }));
  CAPTURE(text);
  CHECK(quoted_printable(text) == expected);
}

TEST_CASE("a header's text is folded, and encoded where it is not ASCII") {
  auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"[bot] FAILED report", "[bot] FAILED report"},
      {"caf\u00e9", "=?utf-8?B?Y2Fmw6k=?="},
      {"not =? encoded", "=?utf-8?B?bm90ID0/IGVuY29kZWQ=?="},
      {"evil\r\nBcc: x@y", "=?utf-8?B?ZXZpbA0KQmNjOiB4QHk=?="},
  }));
  CAPTURE(text);
  CHECK(header_text(text, 9) == expected);
  std::string words;
  for (int i = 0; i < 40; ++i) words += "\u00fcber ";
  for (const auto& row : {header_text(words, 9), header_text(std::string(30, 'x') + words, 9)}) {
    std::istringstream lines(row);
    std::string line;
    while (std::getline(lines, line)) CHECK(line.size() <= 78);
  }
  std::string plain;
  for (int i = 0; i < 40; ++i) plain += "word ";
  std::istringstream lines(header_text(plain, 9));
  std::string line;
  int rows = 0;
  while (std::getline(lines, line)) {
    CHECK(line.size() <= 78);
    CHECK((rows++ == 0 || line.front() == ' '));
  }
  CHECK(rows > 1);
}

TEST_CASE("a mail has the headers that thread it and stop answering machines") {
  Mail mail;
  mail.from = "alerts@example.org";
  mail.to = "owner@example.com";
  mail.subject = "[bot] FAILED report";
  mail.message_id = "abc.2@example.org";
  mail.in_reply_to = "abc.1@example.org";
  mail.references = {"abc.1@example.org"};
  mail.list_name = "My_Bot";
  mail.host = "example.org";
  mail.unsubscribe_url = "https://logs.example.org/u?x=1";
  mail.plain = "plain\n";
  mail.html = "<p>html</p>\n";
  const std::string bytes = mime(mail);
  for (const std::string header :
       {"Message-ID: <abc.2@example.org>\r\n", "In-Reply-To: <abc.1@example.org>\r\n",
        "References: <abc.1@example.org>\r\n", "Auto-Submitted: auto-generated\r\n",
        "List-Id: <my-bot.alerts.example.org>\r\n",
        "List-Unsubscribe: <https://logs.example.org/u?x=1>\r\n",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"}) {
    CAPTURE(header);
    CHECK(bytes.find(header) != std::string::npos);
  }
  CHECK(bytes.find("text/plain") < bytes.find("text/html"));
  CHECK(bytes == mime(mail));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    REQUIRE(static_cast<unsigned char>(bytes[i]) < 0x80);
    if (bytes[i] == '\n') REQUIRE(bytes[i - 1] == '\r');
  }
}

}  // namespace
}  // namespace logboom::alerts
