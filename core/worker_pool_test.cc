#include "core/worker_pool.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <stdexcept>

namespace logboom {

TEST_CASE("a pool runs what it took, refuses more than its limit, and survives a throwing task") {
  std::promise<void> gate;
  auto opened = gate.get_future().share();
  std::atomic<int> ran = 0;
  WorkerPool pool(1, 2);
  std::promise<void> running;
  REQUIRE(pool.post([&] {
    running.set_value();
    opened.wait();
  }));
  running.get_future().wait();
  REQUIRE(pool.post([&] {
    ++ran;
    throw std::runtime_error("surprise");
  }));
  REQUIRE(pool.post([&] { ++ran; }));
  CHECK_FALSE(pool.post([&] { ++ran; }));
  gate.set_value();
  pool.stop();
  CHECK(ran == 2);
  CHECK_FALSE(pool.post([] {}));
}

}  // namespace logboom
