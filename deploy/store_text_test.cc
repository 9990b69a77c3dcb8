#include "deploy/store_text.h"

#include <catch2/catch.hpp>

#include "deploy/progress_line.h"
#include "store/progress.h"

namespace logboom::deploy {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

}  // namespace

TEST_CASE("sizes are short") {
  CHECK(size_text(0) == "0 B");
  CHECK(size_text(1023) == "1023 B");
  CHECK(size_text(1536) == "1.5 KiB");
  CHECK(size_text(200ULL << 20) == "200 MiB");
  CHECK(size_text(UINT64_MAX) == "16384 PiB");
}

TEST_CASE("stats are a table") {
  const auto text = store_text(
      "stats",
      R"({"directory":"/d/store","format":1,"tools":2,"streams":3,"lines":1234567,"blocks":4,)"
      R"("block_bytes_raw":10485760,"block_bytes_stored":1048576,"inbox_batches":1,)"
      R"("inbox_bytes":100,"quarantined":0,"table_bytes":2048,"free_bytes":1073741824,)"
      R"("disk_bytes":2147483648,"partitions":[{"partition":3,"next":42}],)"
      R"("days":[{"day":"20260131","blocks":4,"batches":1,"lines":1234567,"raw_bytes":10485760,)"
      R"("stored_bytes":1048576}],"top":[{"tool":"wiki","blocks":4,"batches":1,"lines":1234567,)"
      R"("raw_bytes":10485760,"stored_bytes":1048576}]})");
  REQUIRE(text);
  CHECK(*text ==
        "store /d/store, format 1\n"
        "tools        2, streams 3\n"
        "lines        1,234,567\n"
        "blocks       4: 10.0 MiB in 1.0 MiB, 10.0x\n"
        "inbox        1 batches, 100 B\n"
        "days         1, 2026-01-31 to 2026-01-31\n"
        "on the disk  2.0 KiB in tables, 1.0 GiB free of 2.0 GiB\n"
        "quarantined  0\n"
        "Kafka        next 3:42\n"
        "\n"
        "  day             lines  blocks       raw   stored  ratio\n"
        "  2026-01-31  1,234,567       4  10.0 MiB  1.0 MiB  10.0x\n"
        "\n"
        "  largest tools      lines  blocks       raw   stored  ratio\n"
        "  wiki           1,234,567       4  10.0 MiB  1.0 MiB  10.0x\n");
}

TEST_CASE("what verify found is named, with what to do") {
  const std::string good = R"({"good":1,"bad":0,"kinds":[{"name":"inbox","good":1,"bad":0,)"
                           R"("bytes":10}],"named":[]})";
  CHECK(*store_text("verify", good) ==
        "  values  good  bad  size\n"
        "  inbox      1    0  10 B\n"
        "all good\n");
  CHECK(bad_values(good) == 0);
  const std::string bad =
      R"({"good":0,"bad":2,"kinds":[],"named":[{"kind":"blocks","tool":"wiki","day":"20260131",)"
      R"("block":7,"what":"block 7","reason":"its checksum is wrong"}]})";
  CHECK(store_text("verify", bad)
            ->find("bad: blocks, block 7, tool wiki, day 2026-01-31: its "
                   "checksum is wrong\n... and 1 more\n2 values are bad") != std::string::npos);
  CHECK(bad_values(bad) == 2);
}

TEST_CASE("the other answers are a line or two") {
  CHECK(*store_text("compact", R"({"sealed_batches":3,"families":6,"bytes_before":2048,)"
                               R"("bytes_after":1024})") ==
        "sealed 3 batches, compacted 6 families: 2.0 KiB are now 1.0 KiB, 1.0 KiB less\n");
  CHECK(*store_text("backup", R"({"directory":"/b/x","bytes":1024,"files":2,"removed":["old"]})") ==
        "backup /b/x: 1.0 KiB in 2 files\nremoved old\n");
  const auto restored = store_text("restore", R"({"made":"2026-01-31T00:00:00Z","bytes":1024,)"
                                              R"("files":2,"lines":5,"tools":1,"partitions":)"
                                              R"([{"partition":0,"next":9}]})");
  CHECK(restored->find("backup of 2026-01-31T00:00:00Z") != std::string::npos);
  CHECK(restored->find("from Kafka at 0:9") != std::string::npos);
  CHECK_FALSE(store_text("stats", "not JSON"));
  CHECK_FALSE(store_text("stats", "[]"));
}

TEST_CASE("progress is rewritten on a terminal, and rare elsewhere") {
  std::int64_t now = 0;
  std::string out;
  const auto line_of = [&](ProgressForm form) {
    out.clear();
    now = 0;
    return ProgressLine(form, [&](std::string_view text) { out += text; }, [&] { return now; });
  };
  const store::Step step{50'000'000, 100'000'000, "bytes", "reading"};
  auto terminal = line_of(ProgressForm::terminal);
  terminal.tell({0, 100'000'000, "bytes", "reading"});
  CHECK(out.empty());  // a short task shows nothing
  now = 2 * kSecond;
  terminal.tell(step);
  CHECK(out == "\r\x1b[Kreading  50 %  25.0 MB/s  3s left");
  terminal.tell(step);
  CHECK(out.size() == std::string("\r\x1b[Kreading  50 %  25.0 MB/s  3s left").size());
  terminal.clear();
  CHECK(out.ends_with("left\r\x1b[K"));

  auto plain = line_of(ProgressForm::plain);
  for (now = 0; now <= 10 * kSecond; now += kSecond) plain.tell({2, 7, "families", "compacting"});
  CHECK(out == "compacting  2/7 families\ncompacting  2/7 families\n");

  auto json = line_of(ProgressForm::json);
  now = kSecond;
  json.tell(step);
  CHECK(out == "{\"done\":50000000,\"total\":100000000,\"unit\":\"bytes\",\"what\":\"reading\"}\n");
}

}  // namespace logboom::deploy
