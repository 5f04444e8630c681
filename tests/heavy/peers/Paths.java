// Answers paths with Jayway JsonPath, the library that Step Functions uses: one JSON object a line in, one a line out.

import com.jayway.jsonpath.Configuration;
import com.jayway.jsonpath.InvalidPathException;
import com.jayway.jsonpath.JsonPath;
import com.jayway.jsonpath.PathNotFoundException;
import com.jayway.jsonpath.spi.json.JsonProvider;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

public class Paths {
    public static void main(String[] arguments) throws Exception {
        JsonProvider json = Configuration.defaultConfiguration().jsonProvider();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            Map<?, ?> asked = (Map<?, ?>) json.parse(line);
            Map<String, Object> answer = new LinkedHashMap<>();
            try {
                answer.put("value", JsonPath.read(asked.get("document"), (String) asked.get("path")));
            } catch (PathNotFoundException error) {
                answer.put("missing", error.getMessage());
            } catch (InvalidPathException error) {
                answer.put("invalid", error.getMessage());
            } catch (RuntimeException error) {
                answer.put("broken", error.toString());
            }
            out.println(json.toJson(answer));
        }
    }
}
