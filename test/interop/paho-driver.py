# Runs one of the Paho interoperability suites, as it is, against a port: its own command line takes none beside unittest's.
# argv: the folder of the suite, its module (client_test or client_test5), the port.
import importlib, logging, os, sys, unittest

folder, module, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
os.chdir(folder)
sys.path.insert(0, folder)
logging.getLogger().setLevel(logging.CRITICAL)
suite = importlib.import_module(module)
topics = ["TopicA", "TopicA/B", "Topic/C", "TopicA/C", "/TopicA"]
wildtopics = ["TopicA/+", "+/C", "#", "/#", "/+", "+/+", "TopicA/#"]
prefix = module + "/"
# The same names below a first level of their own, as client_test5 has them itself: setData puts them back.
def set_data():
    suite.topic_prefix = prefix
    suite.topics = [prefix + topic for topic in topics]
    suite.wildtopics = [prefix + topic for topic in wildtopics]
    suite.nosubscribe_topics = ("test/nosubscribe",)

suite.host, suite.port = "127.0.0.1", port
suite.setData = set_data
set_data()


class Result(unittest.TextTestResult):
    def _say(self, test, word, detail=""):
        print("RESULT", test._testMethodName, word, detail.replace("\n", " ")[:200], flush=True)

    def addSuccess(self, test):
        self._say(test, "passed")

    def addFailure(self, test, err):
        self._say(test, "failed", str(err[1]))

    addError = addFailure


tests = unittest.defaultTestLoader.loadTestsFromModule(suite)
unittest.TextTestRunner(resultclass=Result, stream=open(os.devnull, "w")).run(tests)
