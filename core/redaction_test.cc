#include "core/redaction.h"

#include <array>
#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "core/batch.h"
#include "core/redaction/rules.h"

using logboom::Batch;
using logboom::Labels;
using logboom::Redactor;

namespace {

std::string redacted(std::string_view line) {
  static const Redactor redactor;
  std::string out;
  return std::string(redactor.redact(line, out));
}

void check_each(std::string_view line, std::string_view expected) {
  CAPTURE(line);
  const auto once = redacted(line);
  CHECK(once == expected);
  CHECK(redacted(once) == once);
}

using Rows = std::vector<std::pair<std::string_view, std::string_view>>;
void check_all(const Rows& rows) {
  for (const auto& [line, expected] : rows) check_each(line, expected);
}

}  // namespace

TEST_CASE("addresses become marks and their surroundings stay") {
  check_all({
      {"203.0.113.77 - - [22/Nov/2026:12:01:02 +0000] \"GET / HTTP/1.1\" 200 51",
       "<ip> - - [22/Nov/2026:12:01:02 +0000] \"GET / HTTP/1.1\" 200 51"},
      {"dial tcp 10.1.2.3:8080: refused", "dial tcp <ip>:8080: refused"},
      {"from 198.51.100.7.", "from <ip>."},
      {"10.0.0.1,10.0.0.2", "<ip>,<ip>"},
      {"pool 10.8.0.0/16 used", "pool <ip>/16 used"},
      {"host=203.0.113.010", "host=<ip>"},
      {"node /10.0.0.1:9092 (kafka-1/172.18.0.3)", "node /<ip>:9092 (kafka-1/<ip>)"},
      {"a\\n192.0.2.1\\n", "a\\n<ip>\\n"},
      {"ssh -v 192.0.2.1", "ssh -v <ip>"},
      {"so 192.0.2.1 is down", "so <ip> is down"},
      {"root@192.0.2.1", "root@<ip>"},
      {"2001:db8:4006:812::200e - -", "<ip> - -"},
      {"http://[2001:DB8:0:0:8:800:200C:417A]:80/i", "http://[<ip>]:80/i"},
      {"::ffff:192.0.2.1 hit", "<ip> hit"},
      {"::ffff:192.0.2.1:8080 hit", "<ip>:8080 hit"},
      {"fe80::1ff:fe23:4567:890a%eth0 up", "<ip>%eth0 up"},
      {"peer 2001:db8::1: refused", "peer <ip>: refused"},
      {"at 12:01:02 UTC:2001:db8::1(5432)", "at 12:01:02 UTC:<ip>(5432)"},
      {"1:2:3:4:5:6:7:8", "<ip>"},
      {"client:::ffff:192.0.2.9", "client:<ip>"},
      {"net 2001:db8::/32", "net <ip>/32"},
      {"addr=2001%3Adb8%3A%3A1 ok", "addr=<ip> ok"},
      {"fe80::1:eth0", "<ip>:eth0"},
  });
}

TEST_CASE("what only looks like an address stays") {
  const auto line = GENERATE(values<std::string_view>({
      "127.0.0.1:8080 and ::1 and 0.0.0.0:80 and :: and ::ffff:127.0.0.1",
      "listening on [::]:8080",
      "version 1.2.3.4.5 of 2026",
      "version: 1.2.3.4",
      "v1.2.3.4",
      "Chrome/9.1.2.3 Safari/537.36",
      "snmp OID .1.3.6.1.4.1.2021.10 = 4",
      "section 3.2.1.4 of the manual",
      "foo-1.2.3.4.jar and libx.so.1.2.3.4",
      "256.1.2.3 1.2.3 1.2.3. 1234.1.2.3 1.2.3.4567",
      "12:34:56 and 12:34:56.789 and 10:20:30:40",
      "a::b std::vector<int>::push_back Foo::Bar::baz c10::Error face::cafe",
      "MAC 00:1a:2b:3c:4d:5e GUID 00:11:22:33:44:55:66:77",
      "sha256:4bf92f3577b34da6a3ce929d0e0e4736 md5 d41d8cd98f00b204e9800998ecf8427e",
      "{\"a\":1,\"b\":{\"c\":2}} key:value ::: : ::x",
      "2026-11-22T12:00:00.123456789Z stdout F x",
  }));
  CAPTURE(line);
  CHECK(redacted(line) == line);
}

TEST_CASE("e-mail addresses and the userinfo of URLs become marks") {
  check_all({
      {"RCPT TO:<o'brien@example.co.uk> 250", "RCPT TO:<<email>> 250"},
      {"user=jane.doe+x@example.org,", "user=<email>,"},
      {"q=email%3Djane.doe%40example.org&x=1", "q=email%3D<email>&x=1"},
      {"'bob@example.org'", "'<email>'"},
      {"mailto:help@example.org?subject=hi", "mailto:<email>?subject=hi"},
      {"j\xc3\xb6rg@b\xc3\xbc"
       "cher.example",
       "<email>"},
      {"redis://:onlypass@redis:6379/0", "redis://<secret:url-userinfo>@redis:6379/0"},
      {"postgres://u:p@ss@db/x", "postgres://<secret:url-userinfo>@db/x"},
      {"postgres://u:pa/ss@db/x", "postgres://<secret:url-userinfo>@db/x"},
      {"(mysql+pymysql://u:pw%21@h/db)", "(mysql+pymysql://<secret:url-userinfo>@h/db)"},
      {"smtp://bob@example.org:pw@smtp.example.org:587",
       "smtp://<secret:url-userinfo>@smtp.example.org:587"},
      {R"({"u":"http:\/\/bot:pw@h\/x"})", R"({"u":"http:\/\/<secret:url-userinfo>@h\/x"})"},
      {"to=amqp%3A%2F%2Fguest%3Apw%40rabbit%2F",
       "to=amqp%3A%2F%2F<secret:url-userinfo>%40rabbit%2F"},
  });
  const auto line = GENERATE(values<std::string_view>({
      "npm install @babel/core@7.25.2",
      "root@tools-bastion:~#",
      "@ExampleUser and user@host and a@b.",
      "git@github.com:org/repo.git ssh://git@github.com/x",
      "Started getty@tty1.service, user@1000.service and logo@2x.png",
      "docker-pullable://nginx@sha256:485b610fefec7ff6c463ced9623314a0",
      "http://example.org:8080/path@x http://host/?a=b@c",
      "java.lang.Object@1a2b3c4d",
  }));
  CAPTURE(line);
  CHECK(redacted(line) == line);
}

TEST_CASE("values of headers become marks") {
  check_all({
      {"Authorization: Bearer abc.def-123", "Authorization: <secret:authorization>"},
      {"authorization: basic dXNlcjpwYXNz accept: */*",
       "authorization: <secret:authorization> accept: */*"},
      {"curl -H 'Authorization: Bearer x y' -v",
       "curl -H 'Authorization: <secret:authorization>' -v"},
      {"curl -H 'Cookie: a=b; c=d' http://h/", "curl -H 'Cookie: <secret:cookie>' http://h/"},
      {R"({"authorization":"Bearer x","a":1})",
       R"({"authorization":"<secret:authorization>","a":1})"},
      {R"({"cookie":["a=b","c=d"],"n":1})", R"({"cookie":["<secret:cookie>"],"n":1})"},
      {"> authorization: Digest username=\"M\", realm=\"x\", response=\"66\"",
       "> authorization: <secret:authorization>"},
      {"{'Authorization': 'OAuth a=\"1\", b=\"2\"', 'x': 1}",
       "{'Authorization': '<secret:authorization>', 'x': 1}"},
      {"Set-Cookie: id=38af; HttpOnly; Path=/", "Set-Cookie: <secret:cookie>"},
      {"Proxy-Authorization: Basic eDp5\r\nHost: h",
       "Proxy-Authorization: <secret:authorization>\r\nHost: h"},
      {R"("Cookie: a=b; c=d\r\nHost: h")", R"("Cookie: <secret:cookie>)"
                                           "\""},
      {R"("x: 1\r\nCookie: a=b; c=d\r\nHost: h")",
       R"("x: 1\r\nCookie: <secret:cookie>\r\nHost: h")"},
      {"map[Accept:[*/*] Authorization:[Bearer abc] Cookie:[a=b; c=d]]",
       "map[Accept:[*/*] Authorization:[<secret:authorization>] Cookie:[<secret:cookie>]]"},
      {"x-api-key: 0123abcd", "x-api-key: <secret:password>"},
  });
}

TEST_CASE("values of keys that mean a secret become marks") {
  check_all({
      {"password=hunter2hunter2 user=bob", "password=<secret:password> user=bob"},
      {"password=\"s3cr3t pass\" retries=3", "password=\"<secret:password>\" retries=3"},
      {R"({"password":"p\"q","b":"c"})", R"({"password":"<secret:password>","b":"c"})"},
      {R"({\"password\":\"p@ss\\\"w0rd\"})", R"({\"password\":\"<secret:password>\"})"},
      {R"("{\"db_pass\": \"x1\", \"a\": 2}")",
       R"("{\"db_pass\": \"<secret:password>\", \"a\": 2}")"},
      {"password: 'unclosed and more", "password: '<secret:password>"},
      {"DB_PASSWORD=x1 REDIS_TOKEN2=y2",
       "DB_PASSWORD=<secret:password> REDIS_TOKEN2=<secret:password>"},
      {"GET /cb?access_token=zz99&next=1 HTTP/1.1",
       "GET /cb?access_token=<secret:password>&next=1 HTTP/1.1"},
      {"a=1&amp;token=zz99&amp;b=2", "a=1&amp;token=<secret:password>&amp;b=2"},
      {"r=%2Fcb%3Ftoken%3Dzz99%26b%3D2", "r=%2Fcb%3Ftoken%3D<secret:password>%26b%3D2"},
      {"%7B%22password%22%3A%22hu%21nter2%22%7D", "%7B%22password%22%3A%22<secret:password>%22%7D"},
      {"user[password]=abc&user[name]=x", "user[password]=<secret:password>&user[name]=x"},
      {"body=user=bob&wpPassword=plain+text+pw&x=1",
       "body=user=bob&wpPassword=<secret:password>&x=1"},
      {"run --password x1 --token=y2 -v",
       "run --password <secret:password> --token=<secret:password> -v"},
      {R"(["--password", "x y", "-v"])", R"(["--password", "<secret:password>", "-v"])"},
      {"Server=db;Password=Str0ng;Pooling=true",
       "Server=db;Password=<secret:password>;Pooling=true"},
      {"pwd=abc!def?ghi;", "pwd=<secret:password>;"},
      {"password=a,b;c)d ok", "password=<secret:password> ok"},
      {"Config{Password:abc Token:def}",
       "Config{Password:<secret:password> Token:<secret:password>}"},
      {"    redis_password: indented-1", "    redis_password: <secret:password>"},
      {"password = in1-s3cr3t\nnext = 1", "password = <secret:password>\nnext = 1"},
      {"\x1b[36mtoken\x1b[0m=abc123 x=1", "\x1b[36mtoken\x1b[0m=<secret:password> x=1"},
      {"<password>hunter2</password>", "<password><secret:password></password>"},
      {"api_key => 'k1', secret := `s2`",
       "api_key => '<secret:password>', secret := `<secret:password>`"},
      {"password=(a)b password={b}2", "password=<secret:password> password=<secret:password>"},
      {"a\\u0026token=k1\\u0026b=2", "a\\u0026token=<secret:password>\\u0026b=2"},
      {"password=<ip>tail", "password=<secret:password>"},
      {std::string_view("\0password=k\0y", 13),
       std::string_view("\0password=<secret:password>\0y", 29)},
      {"\xff\xfetoken=\xff\xfe\x80 z", "\xff\xfetoken=<secret:password> z"},
  });
}

TEST_CASE("keys without a secret and values that hide nothing stay") {
  const auto line = GENERATE(values<std::string_view>({
      "password: ",
      "Enter password:",
      "token=",
      "token= next=1",
      "tokens=1500 max_tokens=4096",
      "secretary: bob, compass: north, bypass=yes, monkey=1",
      "passwordless=true password_file=/x token_type=bearer",
      "password=null password=true password=*** password=\"\" password=''",
      "password=${DB_PASSWORD} password=$PASSWORD password={{ pw }} password=%s",
      "curl -u <user:password> --password <password> --token-file x",
      "api_key_id=missing primary_key=page_id key=user_123 public_key: accepted",
      "password=<secret:password> token: <secret:github-token> <ip:k7:9f3ac21b04>",
      "{\"password\":{\"type\":\"string\"},\"token\":null,\"secret\":\"\"}",
      "open /etc/passwd: permission denied",
      "PWD=/home/bob OLDPWD=/tmp pwd: ~/x",
      "PASS: TestX (0.1s) pass=12 fail=0",
      "SyntaxError: unexpected token: identifier",
      "secret: not found, Token: }",
      "Password::check token://x <withheld:redaction-budget>",
      "key_file=/run/secret/token: ok",
      "das Passwort ist falsch",
      "author=Example keyboard: us",
  }));
  CAPTURE(line);
  CHECK(redacted(line) == line);
}

TEST_CASE("a line without a match is handed back as it is, without a copy") {
  const Redactor redactor;
  const std::string line = "nothing to see at 12:00:01";
  std::string out = "untouched";
  CHECK(redactor.redact(line, out).data() == line.data());
  CHECK(out == "untouched");
}

TEST_CASE("redacting twice changes no more than once, whatever the bytes") {
  static constexpr std::array<std::string_view, 60> kPieces = {"password",
                                                               "=",
                                                               ":",
                                                               "\"",
                                                               "'",
                                                               "\\\"",
                                                               "\\\\\\\"",
                                                               " ",
                                                               "token",
                                                               "Cookie",
                                                               ": ",
                                                               "; ",
                                                               ",",
                                                               "&",
                                                               "<ip>",
                                                               "<email>",
                                                               "<secret:password>",
                                                               "<",
                                                               ">",
                                                               "</",
                                                               "--",
                                                               "@",
                                                               "%40",
                                                               "%3A",
                                                               "%3D",
                                                               "%22",
                                                               "://",
                                                               "/",
                                                               "[",
                                                               "]",
                                                               "{",
                                                               "}",
                                                               "(",
                                                               ")",
                                                               "1.2.3.4",
                                                               "10.0.0.1",
                                                               ".",
                                                               "::",
                                                               "fe80::",
                                                               "1:2:",
                                                               ":3:4:",
                                                               "a@b.org",
                                                               "Bearer ",
                                                               "Digest ",
                                                               "Authorization",
                                                               "abc",
                                                               "x1",
                                                               "\n",
                                                               "\\n",
                                                               "`",
                                                               "|",
                                                               "%2F%2F",
                                                               "%26",
                                                               "$X",
                                                               "\x1b[0m",
                                                               "9",
                                                               "e",
                                                               "\xff",
                                                               "set-cookie"};
  const auto seed = GENERATE(range(1U, 41U));
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto below = [&](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  };
  for (int round = 0; round < 1000; ++round) {
    std::string line;
    for (std::size_t pieces = 1 + below(24); pieces > 0; --pieces) {
      if (below(12) == 0) {
        line += static_cast<char>(below(256));
      } else {
        line += kPieces[below(kPieces.size())];
      }
    }
    const auto once = redacted(line);
    if (redacted(once) == once) continue;
    CAPTURE(line, once);
    REQUIRE(redacted(once) == once);
  }
}

TEST_CASE("a line over the budget is withheld whole") {
  std::string line(17 << 20, 'x');
  CHECK(redacted(line) == logboom::redaction::kWithheld);
  CHECK(redacted(logboom::redaction::kWithheld) == logboom::redaction::kWithheld);
}

TEST_CASE("long lines of the worst kind are finished or withheld, never passed on") {
  const auto piece = GENERATE(values<std::string_view>({
      "a@",
      "://",
      "://a:b/",
      "password=\"",
      "password=\\\"",
      "Cookie: a=",
      "token:",
      "--token ",
      "1.2.3.",
      "a:b:",
      "%3A",
      "<password>",
      "password,a b c d e f g h:",
      "=",
      "x%40",
      "\\",
  }));
  CAPTURE(piece);
  std::string line;
  while (line.size() < logboom::kMaxLine) line += piece;
  line += " password=hunter2hunter2 ";
  const auto once = redacted(line);
  CHECK(once.find("hunter2hunter2") == std::string::npos);
  CHECK(redacted(once) == once);
}

TEST_CASE("an ordinary line at the limit is not withheld") {
  std::string line;
  while (line.size() < logboom::kMaxLine) {
    line += R"({"ip":"203.0.113.7","at":"12:00:01","url":"http://h:80/x?token=k1&b=2"},)";
  }
  const auto once = redacted(line);
  CHECK(once.starts_with(R"({"ip":"<ip>","at":"12:00:01","url":"http://h:80/x?token=<secret:p)"));
  CHECK(once.find("203.0.113.7") == std::string::npos);
}

TEST_CASE("a batch is redacted in its bodies, metadata, columns and labels") {
  Batch batch;
  batch.streams = {Labels({{"job", "web"}, {"instance", "10.0.0.1:80"}}), Labels({{"job", "db"}}),
                   Labels({{"job", "web"}, {"instance", "10.0.0.2:80"}})};
  batch.columns = {{"pod", "web-1"}, {"node", "192.0.2.4"}};
  for (std::uint32_t stream = 0; stream < 3; ++stream) {
    logboom::Record record;
    record.stream = stream;
    record.position = 10 * (stream + 1);
    record.body = stream == 1 ? "clean" : "from 192.0.2.1 pwd=x1";
    record.metadata = {{"password", "hunter2"}, {"peer", "bob@example.org"}, {"n", "1"}};
    batch.records.push_back(record);
  }
  Redactor().redact(batch);

  CHECK(batch.redacted);
  REQUIRE(batch.streams.size() == 2);
  CHECK(batch.streams[0].get("instance") == "<ip>:80");
  CHECK(batch.streams[1].get("job") == "db");
  CHECK(batch.records[2].stream == 0);
  CHECK(batch.records[1].stream == 1);
  CHECK(batch.records[0].body == "from <ip> pwd=<secret:password>");
  CHECK(batch.records[1].body == "clean");
  CHECK(batch.records[2].position == 30);
  CHECK(batch.records[0].metadata[0].second == "<secret:password>");
  CHECK(batch.records[0].metadata[1].second == "<email>");
  CHECK(batch.records[0].metadata[2].second == "1");
  CHECK(batch.columns[0].second == "web-1");
  CHECK(batch.columns[1].second == "<ip>");
}
