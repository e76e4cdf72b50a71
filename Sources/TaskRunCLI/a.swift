import ArgumentParser
import Configuration
import UnixSignals
import Yams
